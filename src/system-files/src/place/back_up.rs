// SPDX-License-Identifier: GPL-3.0-or-later
//! Keeps a file under another name that was not in use before.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, RenameFlags, linkat, renameat_with};
use rustix::io::Errno;

use super::Place;
use crate::error::{Error, Operation};

impl Place {
    /// Renames the file to the first free one of the names of [`Self::back_up`]. Returns its new path.
    pub fn put_aside(&self, suffix: &str) -> Result<PathBuf, Error> {
        self.put_aside_noted(suffix, |_| Ok(()))
    }

    /// As [`Self::put_aside`], but calls `note` with the new path before.
    pub fn put_aside_noted(
        &self,
        suffix: &str,
        note: impl Fn(&Path) -> Result<(), Error>,
    ) -> Result<PathBuf, Error> {
        for number in 0_u32.. {
            let backup = self.beside(numbered(&self.name, suffix, number))?;
            if backup.exists()? {
                continue;
            }
            note(&backup.path)?;
            let renamed = renameat_with(
                &self.directory,
                self.name.as_os_str(),
                &backup.directory,
                backup.name.as_os_str(),
                RenameFlags::NOREPLACE,
            );
            match renamed {
                Ok(()) => {
                    self.sync_parent()?;
                    return Ok(backup.path);
                }
                Err(Errno::EXIST) => {}
                Err(error) => {
                    return Err(self.failed(Operation::Rename(backup.path))(error));
                }
            }
        }
        Err(Error::TooManyBackups(self.path.clone()))
    }

    /// Backs up the file under the first free one of the names `FILE.SUFFIX`, `FILE.SUFFIX.1` and so on, as a
    /// hard link or, where the file system has no links, a copy. An existing backup that is the same is
    /// sufficient. Returns its path.
    pub fn back_up(&self, suffix: &str) -> Result<PathBuf, Error> {
        self.back_up_unless(suffix, Self::is_like)
    }

    /// As [`Self::back_up`], but an existing backup is sufficient only if it is a hard link of this file.
    pub fn back_up_apart(&self, suffix: &str) -> Result<PathBuf, Error> {
        self.back_up_unless(suffix, |own, other| match (own.stat(), other.stat()) {
            (Ok(own), Ok(other)) => (own.st_dev, own.st_ino) == (other.st_dev, other.st_ino),
            _ => false,
        })
    }

    fn back_up_unless(
        &self,
        suffix: &str,
        is_backed_up: impl Fn(&Self, &Self) -> bool,
    ) -> Result<PathBuf, Error> {
        for number in 0_u32.. {
            let backup = self.beside(numbered(&self.name, suffix, number))?;
            if is_backed_up(self, &backup) {
                return Ok(backup.path);
            }
            let failed = || self.failed(Operation::BackUp(backup.path.clone()));
            match linkat(
                &self.directory,
                self.name.as_os_str(),
                &self.directory,
                backup.name.as_os_str(),
                AtFlags::empty(),
            ) {
                Ok(()) => {}
                Err(Errno::EXIST) => continue,
                // FAT has no links, and reports that even if the name exists.
                Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK) => {
                    if backup.exists()? {
                        continue;
                    }
                    let found = self.read()?.ok_or(Errno::NOENT).map_err(failed())?;
                    let copy = backup.write_temp(&found.content, found.access, false)?;
                    copy.rename_new(&backup).inspect_err(|_| copy.discard())?;
                }
                Err(error) => return Err(failed()(error)),
            }
            self.sync_parent()?;
            return Ok(backup.path);
        }
        Err(Error::TooManyBackups(self.path.clone()))
    }

    /// Whether both are files with the same content, owner and mode.
    fn is_like(&self, other: &Self) -> bool {
        let read = |place: &Self| place.read().ok().flatten().map(|found| (found.content, found.access));
        read(self).is_some_and(|own| read(other) == Some(own))
    }
}

/// The name of a backup.
fn numbered(name: &OsStr, suffix: &str, number: u32) -> OsString {
    let mut backup = name.to_owned();
    backup.push(format!(".{suffix}"));
    if number > 0 {
        backup.push(format!(".{number}"));
    }
    backup
}
