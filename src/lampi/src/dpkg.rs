// SPDX-License-Identifier: GPL-3.0-or-later
//! What the machine's owner has told dpkg.

use std::path::Path;
use std::process::{Command, Stdio};

/// Owner, group and mode that a file shall have whatever its package says; `path` is what the lamp calls it.
pub fn overridden(root: &Path, path: &str) -> Option<(String, String, u32)> {
    let output = Command::new("dpkg-statoverride")
        .arg("--root")
        .arg(root)
        .args(["--list", path])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut words = text.split_whitespace();
    let (user, group, mode) = (words.next()?, words.next()?, words.next()?);
    Some((user.to_owned(), group.to_owned(), u32::from_str_radix(mode, 8).ok()?))
}
