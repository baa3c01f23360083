// SPDX-License-Identifier: GPL-3.0-or-later
//! Owner, group and permission bits of files.

use std::fs::{File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

use rustix::process::{getegid, geteuid};

/// Owner, group and permission bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// User ID of the owner.
    pub user: u32,
    /// ID of the group.
    pub group: u32,
    /// Permission bits.
    pub mode: u32,
}

impl Access {
    /// Owner and group of the caller, with this mode.
    #[must_use]
    pub fn of_caller(mode: u32) -> Self {
        Self { user: geteuid().as_raw(), group: getegid().as_raw(), mode }
    }
}

/// Only root can read and change the file.
pub const ROOT_ONLY: Access = Access { user: 0, group: 0, mode: 0o600 };

/// Sets what differs. FAT rejects what it cannot store, which is an error only if `exactly`.
pub(crate) fn set_access(file: &File, access: Access, exactly: bool) -> io::Result<()> {
    let metadata = file.metadata()?;
    let tolerated = |result: io::Result<()>| match result {
        Err(error) if !exactly && error.kind() == ErrorKind::PermissionDenied => Ok(()),
        other => other,
    };
    if (metadata.uid(), metadata.gid()) != (access.user, access.group) {
        tolerated(fchown(file, Some(access.user), Some(access.group)))?;
    }
    // After the owner, because a change of the owner clears some bits.
    if file.metadata()?.mode() & 0o7777 != access.mode {
        tolerated(file.set_permissions(Permissions::from_mode(access.mode)))?;
    }
    Ok(())
}
