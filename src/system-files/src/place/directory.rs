// SPDX-License-Identifier: GPL-3.0-or-later
//! Directories with a name in such a directory.

use std::fs::File;

use anyhow::Context;
use rustix::fs::{Mode, OFlags, mkdirat, openat};

use super::Place;
use crate::access::{Access, set_access};

impl Place {
    /// Makes a folder of that name, where there is nothing yet.
    pub fn make_folder(&self, access: Access) -> anyhow::Result<()> {
        let make = || -> std::io::Result<()> {
            // Closed to all others until it is whose it shall be.
            mkdirat(&self.folder, self.name.as_os_str(), Mode::RWXU)?;
            set_access(&self.open_folder()?, access, true)
        };
        make().with_context(|| format!("cannot make the folder {}", self.path.display()))?;
        self.sync_parent()
    }

    /// Sets owner and mode of the folder of that name; a link to one is none.
    pub fn set_folder_access(&self, access: Access) -> anyhow::Result<()> {
        let set = || -> std::io::Result<()> { set_access(&self.open_folder()?, access, true) };
        set().with_context(|| format!("cannot set owner and mode of the folder {}", self.path.display()))
    }

    fn open_folder(&self) -> rustix::io::Result<File> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(&self.folder, self.name.as_os_str(), flags, Mode::empty()).map(File::from)
    }
}
