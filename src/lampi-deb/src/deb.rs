// SPDX-License-Identifier: GPL-3.0-or-later
//! The format of a .deb (deb(5)): an ar archive of a version, a tar archive of control files and one of the
//! data.

use std::io::{Cursor, Read};

use anyhow::{Context, bail};

/// A file, directory or link in one of the two tar archives.
#[derive(Debug, Clone)]
pub(crate) struct TarEntry {
    /// Path without a leading `./` or `/`, and without a trailing `/`.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner and group.
    pub owner: Owner,
    /// Seconds since 1970.
    pub mtime: u64,
    pub kind: EntryKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub uid: u64,
    pub gid: u64,
}

#[derive(Debug, Clone)]
pub(crate) enum EntryKind {
    File(Vec<u8>),
    Directory,
    /// A symbolic link, with its target.
    Link(String),
    Other,
}

impl TarEntry {
    /// Content, if it is a regular file.
    pub(crate) fn content(&self) -> Option<&[u8]> {
        match &self.kind {
            EntryKind::File(content) => Some(content),
            EntryKind::Directory | EntryKind::Link(_) | EntryKind::Other => None,
        }
    }
}

/// A member of the outer archive, unchanged.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub name: String,
    pub content: Vec<u8>,
}

/// The content of a package.
#[derive(Debug)]
pub(crate) struct Deb {
    pub members: Vec<Member>,
    pub control: Vec<TarEntry>,
    pub data: Vec<TarEntry>,
}

impl Deb {
    /// Reads the bytes of a package.
    pub(crate) fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut archive = ar::Archive::new(bytes);
        let mut members = Vec::new();
        while let Some(member) = archive.next_entry() {
            let mut member = member.context("it is not a Debian package (no ar archive)")?;
            let name = String::from_utf8_lossy(member.header().identifier()).trim_end_matches('/').to_owned();
            let mut content = Vec::new();
            member.read_to_end(&mut content).with_context(|| format!("its member {name} is truncated"))?;
            members.push(Member { name, content });
        }
        if members.first().is_none_or(|member| member.name != "debian-binary" || member.content != b"2.0\n") {
            bail!("it is not a Debian package (its first member is not debian-binary 2.0)");
        }
        Ok(Self { control: tar(&members, "control.tar")?, data: tar(&members, "data.tar")?, members })
    }

    /// Content of a control file.
    pub(crate) fn control_file(&self, name: &str) -> Option<&str> {
        let entry = self.control.iter().find(|entry| entry.path == name)?;
        std::str::from_utf8(entry.content()?).ok()
    }

    /// Value of a field in the control file `control`, with continuation lines.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let mut lines = self.control_file("control")?.lines().skip_while(|line| {
            line.split_once(':').is_none_or(|(field, _)| !field.eq_ignore_ascii_case(name))
        });
        let (_, first) = lines.next()?.split_once(':')?;
        let rest = lines.take_while(|line| line.starts_with(' '));
        Some(std::iter::once(first.trim()).chain(rest).collect::<Vec<_>>().join("\n"))
    }

    /// A file or directory of the data by its path.
    pub(crate) fn file(&self, path: &str) -> Option<&TarEntry> {
        self.data.iter().find(|entry| entry.path == path)
    }
}

/// Unpacks the member `name.xz` or `name.gz`.
fn tar(members: &[Member], name: &str) -> anyhow::Result<Vec<TarEntry>> {
    let member = members
        .iter()
        .find(|member| member.name.starts_with(name))
        .with_context(|| format!("it has no member {name}"))?;
    let content = Cursor::new(&member.content);
    let reader: Box<dyn Read> = match member.name.rsplit_once('.') {
        Some((_, "xz")) => Box::new(xz2::read::XzDecoder::new(content)),
        Some((_, "gz")) => Box::new(flate2::read::GzDecoder::new(content)),
        _ => bail!("its member {} is not compressed with xz or gzip", member.name),
    };
    let mut archive = tar::Archive::new(reader);
    let mut entries = Vec::new();
    for entry in archive.entries().with_context(|| format!("{} is damaged", member.name))? {
        let mut entry = entry.with_context(|| format!("{} is damaged", member.name))?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = match entry.header().entry_type() {
            tar::EntryType::Regular => {
                let mut content = Vec::new();
                entry
                    .read_to_end(&mut content)
                    .with_context(|| format!("{path} in {} is damaged", member.name))?;
                EntryKind::File(content)
            }
            tar::EntryType::Directory => EntryKind::Directory,
            tar::EntryType::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default();
                EntryKind::Link(String::from_utf8_lossy(&target).into_owned())
            }
            _ => EntryKind::Other,
        };
        let header = entry.header();
        entries.push(TarEntry {
            path: path.trim_start_matches("./").trim_matches('/').to_owned(),
            mode: header.mode()? & 0o7777,
            owner: Owner { uid: number(&header.as_old().uid)?, gid: number(&header.as_old().gid)? },
            mtime: header.mtime()?,
            kind,
        });
    }
    Ok(entries)
}

/// An octal field of a tar header. cargo-deb leaves owner and group empty, which means 0 to dpkg.
fn number(field: &[u8]) -> anyhow::Result<u64> {
    let text = String::from_utf8_lossy(field);
    match text.trim_matches(['\0', ' ']) {
        "" => Ok(0),
        digits => {
            u64::from_str_radix(digits, 8).with_context(|| format!("'{digits}' is not an octal number"))
        }
    }
}
