// SPDX-License-Identifier: GPL-3.0-or-later
//! What a machine's owner has set with dpkg-statoverride and dpkg-divert. Paths are absolute paths on that
//! machine.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Access, ROOT_ONLY, accounts, in_root};

/// An override for a user or group that does not exist on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownOwner {
    /// The file with the override.
    path: String,
    /// The name of the user or group.
    name: String,
    /// The file without an entry for it.
    list: &'static str,
}

impl fmt::Display for UnknownOwner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, name, list } = self;
        write!(
            formatter,
            "dpkg-statoverride sets the owner of {path} to {name}, which is not in {list}; correct it with \
             dpkg-statoverride"
        )
    }
}

impl std::error::Error for UnknownOwner {}

/// Owner, group and mode that override the package's for `path`.
#[must_use]
pub fn overridden(root: &Path, path: &str) -> Option<(String, String, u32)> {
    let text = ask("dpkg-statoverride", root, "--list", path)?;
    let mut words = text.split_whitespace();
    let (user, group, mode) = (words.next()?, words.next()?, words.next()?);
    Some((user.to_owned(), group.to_owned(), u32::from_str_radix(mode, 8).ok()?))
}

/// Owner, group and mode for a file of the lamp: those of an override, else root's only.
pub fn access(root: &Path, path: &str) -> Result<Access, UnknownOwner> {
    let Some((user, group, mode)) = overridden(root, path) else { return Ok(ROOT_ONLY) };
    let text = |list: &str| std::fs::read_to_string(in_root(root, list)).unwrap_or_default();
    let unknown = |name, list| UnknownOwner { path: path.to_owned(), name, list };
    let (passwd, groups) = (text("/etc/passwd"), text("/etc/group"));
    let uid = number(&user)
        .or_else(|| accounts::passwd(&passwd).find(|entry| entry.name == user).map(|entry| entry.uid));
    let gid = number(&group)
        .or_else(|| accounts::group(&groups).find(|entry| entry.name == group).map(|entry| entry.gid));
    Ok(Access {
        user: uid.ok_or_else(|| unknown(user, "/etc/passwd"))?,
        group: gid.ok_or_else(|| unknown(group, "/etc/group"))?,
        mode,
    })
}

/// The ID of a user or group without a name, which dpkg writes after a `#`.
fn number(name: &str) -> Option<u32> {
    name.strip_prefix('#')?.parse().ok()
}

/// The path to which dpkg diverts the package's file `path`, if it does.
#[must_use]
pub fn diverted(root: &Path, path: &str) -> Option<PathBuf> {
    let name = ask("dpkg-divert", root, "--truename", path)?;
    let name = name.trim_end_matches('\n');
    (name != path).then(|| name.into())
}

/// The output of one of dpkg's tools; none if the tool is missing or prints nothing.
fn ask(tool: &str, root: &Path, question: &str, path: &str) -> Option<String> {
    let output = Command::new(tool)
        .arg("--root")
        .arg(root)
        .args([question, path])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok().filter(|answer| !answer.is_empty())
}
