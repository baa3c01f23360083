// SPDX-License-Identifier: GPL-3.0-or-later
//! The list of checksums in a package, for debsums(1) and dpkg --verify.

use std::fmt::Write as _;

use md5::{Digest, Md5};

use crate::deb::Deb;

/// The lines of `md5sums` (deb-md5sums(5)): every file except the conffiles, which have checksums in dpkg's
/// status.
pub(crate) fn lines(deb: &Deb) -> String {
    let conffiles: Vec<&str> = deb.control_file("conffiles").unwrap_or_default().lines().collect();
    let mut files: Vec<(&str, &[u8])> = deb
        .data
        .iter()
        .filter_map(|entry| Some((entry.path.as_str(), entry.content()?)))
        .filter(|(path, _)| !conffiles.contains(&format!("/{path}").as_str()))
        .collect();
    files.sort_unstable();
    files.into_iter().fold(String::new(), |mut lines, (path, content)| {
        let _ = writeln!(lines, "{}  {path}", hex(&Md5::digest(content)));
        lines
    })
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
