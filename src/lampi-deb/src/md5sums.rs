// SPDX-License-Identifier: GPL-3.0-or-later
//! What cargo-deb leaves out: the list of checksums, for debsums(1) and dpkg --verify.
//!
//! Only the small control archive is written anew; the data archive stays as cargo-deb made it.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::Context;
use md5::{Digest, Md5};

use crate::deb::{Deb, TarEntry};

/// Adds `md5sums` to the package in `bytes`. Everything that is written gets the time `timestamp`.
pub(crate) fn add(bytes: &[u8], timestamp: u64) -> anyhow::Result<Vec<u8>> {
    let deb = Deb::read(bytes)?;
    let control = control_archive(&deb, timestamp).context("cannot write the control archive")?;
    let mut archive = ar::Builder::new(Vec::new());
    for member in &deb.members {
        let content = if member.name.starts_with("control.tar") { &control } else { &member.content };
        let mut header = ar::Header::new(member.name.clone().into_bytes(), content.len() as u64);
        header.set_mode(0o100_644);
        header.set_mtime(timestamp);
        archive.append(&header, content.as_slice()).context("cannot write the package")?;
    }
    archive.into_inner().context("cannot write the package")
}

/// The lines of `md5sums` (deb-md5sums(5)): every file but the conffiles, which dpkg has sums of anyway.
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

/// Lower-case hex digits, as checksums are written.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn control_archive(deb: &Deb, timestamp: u64) -> std::io::Result<Vec<u8>> {
    // One thread and one block: the bytes must not depend on the machine.
    let mut archive = tar::Builder::new(xz2::write::XzEncoder::new(Vec::new(), 6));
    let sums = lines(deb);
    let mut append = |path: &str, mode: u32, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode);
        header.set_mtime(timestamp);
        header.set_uid(0);
        header.set_gid(0);
        header.set_username("root")?;
        header.set_groupname("root")?;
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, format!("./{path}"), content)
    };
    for TarEntry { path, mode, kind, .. } in &deb.control {
        if let crate::deb::EntryKind::File(content) = kind {
            append(path, *mode, content)?;
        }
    }
    append("md5sums", 0o644, sums.as_bytes())?;
    let mut encoder = archive.into_inner()?;
    encoder.flush()?;
    encoder.finish()
}
