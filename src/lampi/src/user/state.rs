// SPDX-License-Identifier: GPL-3.0-or-later
//! The owner of the state directory.

use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::Context;
use programs::paths;
use rustix::fs::{Dir, FileType, Gid, Mode, OFlags, Uid, fchown, fstat, open, openat};
use rustix::io::Errno;
use system_files::{dpkg, in_root};

use super::account::Account;

/// Changes the owner of the directory, and of the previous owner's files in it. It follows no symbolic link,
/// and skips a file with several hard links, because the previous owner could have made one to another user's
/// file.
pub(super) fn give_to(account: &Account, root: &Path) -> anyhow::Result<()> {
    let directory = Path::new(paths::STATE).parent().context("the state file has no directory")?;
    let shown = in_root(root, directory);
    // An override with dpkg-statoverride takes precedence.
    if dpkg::overridden(root, &directory.to_string_lossy()).is_some() {
        return Ok(());
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened: OwnedFd = match open(&shown, flags | OFlags::DIRECTORY, Mode::empty()) {
        Ok(opened) => opened,
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot open {}", shown.display())),
    };
    let (uid, gid) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
    let failed = || format!("cannot change the owner of {} to {}", shown.display(), account.name);
    let former = fstat(&opened).with_context(failed)?.st_uid;
    for entry in Dir::read_from(&opened).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let Ok(file) = openat(&opened, entry.file_name(), flags, Mode::empty()) else { continue };
        let stat = fstat(&file).with_context(failed)?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        if is_file && stat.st_nlink == 1 && stat.st_uid == former {
            fchown(&file, Some(uid), Some(gid)).with_context(failed)?;
        }
    }
    fchown(&opened, Some(uid), Some(gid)).with_context(failed)
}
