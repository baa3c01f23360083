// SPDX-License-Identifier: GPL-3.0-or-later
//! Keeping a file under another name, which nothing had before.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, RenameFlags, linkat, renameat_with};
use rustix::io::Errno;

use super::Place;
use crate::error::{Error, Operation};

impl Place {
    /// Gives the file the first free one of the names that [`Self::back_up`] gives, in place of its own. Returns its path.
    pub fn put_aside(&self, suffix: &str) -> Result<PathBuf, Error> {
        self.put_aside_noted(suffix, |_| Ok(()))
    }

    /// [`Self::put_aside`], which calls `note` with the new path before the file gets it.
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

    /// Gives the file the first free one of the names `FILE.SUFFIX`, `FILE.SUFFIX.1` and so on as a second one, which it
    /// keeps when it is replaced or removed. Where a file can have one name only, a copy gets it. If one of these files is
    /// the same, that is enough. Returns its path.
    pub fn back_up(&self, suffix: &str) -> Result<PathBuf, Error> {
        self.back_up_unless(suffix, Self::is_like)
    }

    /// As [`Self::back_up`], but a file of one of these names that is the same is somebody else's, unless it is this file.
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
                // FAT has no links; whether a name is taken it tells in its own time.
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
