// SPDX-License-Identifier: GPL-3.0-or-later
//! Subdirectories of such a directory.

use std::fs::File;

use rustix::fs::{Mode, OFlags, mkdirat, openat};

use super::Place;
use crate::access::{Access, set_access};
use crate::error::{Error, Operation};

impl Place {
    /// Creates a directory with that name. Fails if the name exists.
    pub fn make_directory(&self, access: Access) -> Result<(), Error> {
        let make = || -> std::io::Result<()> {
            // Inaccessible for others until its owner is set.
            mkdirat(&self.directory, self.name.as_os_str(), Mode::RWXU)?;
            set_access(&self.open_directory()?, access, true)
        };
        make().map_err(self.failed(Operation::MakeDirectory))?;
        self.sync_parent()
    }

    /// Sets owner and mode of the directory with that name. Does not follow a link.
    pub fn set_directory_access(&self, access: Access) -> Result<(), Error> {
        let set = || -> std::io::Result<()> { set_access(&self.open_directory()?, access, true) };
        set().map_err(self.failed(Operation::SetDirectoryAccess))
    }

    fn open_directory(&self) -> rustix::io::Result<File> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(&self.directory, self.name.as_os_str(), flags, Mode::empty()).map(File::from)
    }
}
