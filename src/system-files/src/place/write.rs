// SPDX-License-Identifier: GPL-3.0-or-later
//! Writing a file: in place of the one that is there, or into it.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use rustix::fs::{Mode, OFlags, openat};

use super::{Found, Place};
use crate::access::{Access, set_access};
use crate::replacement;

impl Place {
    /// Writes a file that replaces whatever has its name, a link itself included.
    pub fn write(&self, content: &[u8], access: Access) -> anyhow::Result<()> {
        let new = self.write_temp(content, access, true)?;
        self.put_in_place(&new)
    }

    /// As [`Self::write`], also where the file system cannot store owner and mode.
    pub fn write_anywhere(&self, content: &[u8], access: Access) -> anyhow::Result<()> {
        let new = self.write_temp(content, access, false)?;
        self.put_in_place(&new)
    }

    /// Writes a file whose name nothing may have yet.
    pub fn write_new(&self, content: &[u8], access: Access) -> anyhow::Result<()> {
        let new = self.write_temp(content, access, true)?;
        new.rename_new(self).inspect_err(|_| new.discard())
    }

    /// Replaces the content of the file that was found, which keeps its owner and mode, and keeps the former one under
    /// the first free one of the names that [`Self::back_up`] gives. Returns the path of that one.
    ///
    /// If anything fails, or somebody else changed the file since it was read, all is as it was.
    pub fn replace(&self, found: &Found, content: &[u8], suffix: &str) -> anyhow::Result<PathBuf> {
        let new = self.write_temp(content, found.access, false)?;
        let unchanged = || match self.read() {
            Ok(Some(now)) if now.identity == found.identity && now.content == found.content => Ok(()),
            _ => bail!("{} was changed by somebody else just now; say it again", self.path.display()),
        };
        let kept = unchanged().and_then(|()| self.back_up(suffix)).inspect_err(|_| new.discard())?;
        // What was linked is the file that was read, and no longer one that somebody else put there meanwhile.
        if let Err(error) = unchanged() {
            new.discard();
            return Err(error);
        }
        self.put_in_place(&new)?;
        Ok(kept)
    }

    /// Writes to what is there already: a pipe, a device or a file, but through no link.
    pub fn write_into(&self, content: &[u8]) -> anyhow::Result<()> {
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.folder, self.name.as_os_str(), flags, Mode::empty());
        let written = file.map_err(std::io::Error::from).and_then(|file| File::from(file).write_all(content));
        written.with_context(|| format!("cannot write to {}", self.path.display()))
    }

    /// Takes all content from the file, which keeps its owner and mode.
    pub fn empty(&self) -> anyhow::Result<()> {
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let empty = || -> anyhow::Result<()> {
            let file = File::from(openat(&self.folder, self.name.as_os_str(), flags, Mode::empty())?);
            if !file.metadata()?.is_file() {
                bail!("it is no regular file");
            }
            Ok(file.set_len(0)?)
        };
        empty().with_context(|| format!("cannot empty {}", self.path.display()))
    }

    /// The content, on the disk under a name that no program reads. The number keeps two calls at a time apart.
    pub(super) fn write_temp(&self, content: &[u8], access: Access, exactly: bool) -> anyhow::Result<Self> {
        let mut name = self.name.clone();
        name.push(format!(".lampi-new.{}", std::process::id()));
        let new = self.beside(name)?;
        let written = replacement::write_temp(new.as_name(), Mode::RUSR | Mode::WUSR, content, |file| {
            set_access(file, access, exactly)
        });
        written.with_context(|| format!("cannot write {}", new.path.display()))?;
        Ok(new)
    }

    fn put_in_place(&self, new: &Self) -> anyhow::Result<()> {
        replacement::rename(new.as_name(), self.as_name())
            .with_context(|| format!("cannot rename {} to {}", new.path.display(), self.path.display()))?;
        self.sync_parent()
    }
}
