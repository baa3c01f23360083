// SPDX-License-Identifier: GPL-3.0-or-later
//! Writes a file: replaces it, or writes into it.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags, openat};

use super::{Found, Place};
use crate::access::{Access, set_access};
use crate::error::{Error, Operation};
use crate::replacement;

impl Place {
    /// Writes a file that replaces whatever has its name, even a link.
    pub fn write(&self, content: &[u8], access: Access) -> Result<(), Error> {
        let new = self.write_temp(content, access, true)?;
        self.put_in_place(&new)
    }

    /// As [`Self::write`], also where the file system cannot store owner and mode.
    pub fn write_anywhere(&self, content: &[u8], access: Access) -> Result<(), Error> {
        let new = self.write_temp(content, access, false)?;
        self.put_in_place(&new)
    }

    /// Writes a new file. Fails if the name exists.
    pub fn write_new(&self, content: &[u8], access: Access) -> Result<(), Error> {
        let new = self.write_temp(content, access, true)?;
        new.rename_new(self).inspect_err(|_| new.discard())
    }

    /// Replaces the content of the file that was found, with the same owner and mode. Keeps a backup under
    /// the first free one of the names of [`Self::back_up`], and returns its path.
    ///
    /// If anything fails, or the file has changed since it was read, nothing is changed.
    pub fn replace(&self, found: &Found, content: &[u8], suffix: &str) -> Result<PathBuf, Error> {
        let new = self.write_temp(content, found.access, false)?;
        let unchanged = || match self.read() {
            Ok(Some(now)) if now.identity == found.identity && now.content == found.content => Ok(()),
            _ => Err(Error::Changed(self.path.clone())),
        };
        let kept = unchanged().and_then(|()| self.back_up(suffix)).inspect_err(|_| new.discard())?;
        // Check that the backup is the file that was read, and not a later replacement.
        if let Err(error) = unchanged() {
            new.discard();
            return Err(error);
        }
        self.put_in_place(&new)?;
        Ok(kept)
    }

    /// Writes into an existing pipe, device or file. Does not follow a link.
    pub fn write_into(&self, content: &[u8]) -> Result<(), Error> {
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.directory, self.name.as_os_str(), flags, Mode::empty());
        let written = file.map_err(io::Error::from).and_then(|file| File::from(file).write_all(content));
        written.map_err(self.failed(Operation::WriteInto))
    }

    /// Empties the file. Owner and mode stay the same.
    pub fn empty(&self) -> Result<(), Error> {
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let empty = || -> io::Result<()> {
            let file = File::from(openat(&self.directory, self.name.as_os_str(), flags, Mode::empty())?);
            if !file.metadata()?.is_file() {
                return Err(io::Error::other("not a regular file"));
            }
            file.set_len(0)
        };
        empty().map_err(self.failed(Operation::Empty))
    }

    /// Writes the content to the disk under a name that no program reads. The process ID separates concurrent
    /// calls.
    pub(super) fn write_temp(&self, content: &[u8], access: Access, exactly: bool) -> Result<Self, Error> {
        let mut name = self.name.clone();
        name.push(format!(".lampi-new.{}", std::process::id()));
        let new = self.beside(name)?;
        let written = replacement::write_temp(new.as_name(), Mode::RUSR | Mode::WUSR, content, |file| {
            set_access(file, access, exactly)
        });
        written.map_err(new.failed(Operation::Write))?;
        Ok(new)
    }

    fn put_in_place(&self, new: &Self) -> Result<(), Error> {
        replacement::rename(new.as_name(), self.as_name())
            .map_err(new.failed(Operation::Rename(self.path.clone())))?;
        self.sync_parent()
    }
}
