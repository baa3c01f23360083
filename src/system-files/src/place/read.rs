// SPDX-License-Identifier: GPL-3.0-or-later
//! Reads a file, with the metadata to detect a later change.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::time::SystemTime;

use rustix::io::Errno;

use super::Place;
use crate::access::Access;
use crate::error::{Error, Operation};

/// Size limit for reading a file, in bytes: far above any configuration.
const LARGEST: u64 = 4 << 20;

/// A file as it was read.
#[derive(Debug)]
pub struct Found {
    /// Its content.
    pub content: Vec<u8>,
    /// Its owner, group and mode.
    pub access: Access,
    /// The time of its last change.
    pub modified: Option<SystemTime>,
    /// Metadata that differs once the file is changed or replaced.
    pub(super) identity: [i128; 5],
}

impl Place {
    /// Reads the file, if it exists.
    pub fn read(&self) -> Result<Option<Found>, Error> {
        let mut file = match self.open() {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(Error::Link(self.path.clone())),
            Err(error) => return Err(self.failed(Operation::Read)(error)),
        };
        let metadata = file.metadata().map_err(self.failed(Operation::Look))?;
        if !metadata.is_file() {
            return Err(Error::NotRegular(self.path.clone()));
        }
        let mut content = Vec::new();
        (&mut file).take(LARGEST + 1).read_to_end(&mut content).map_err(self.failed(Operation::Read))?;
        if content.len() as u64 > LARGEST {
            return Err(Error::TooLarge(self.path.clone()));
        }
        Ok(Some(Found {
            content,
            access: Access { user: metadata.uid(), group: metadata.gid(), mode: metadata.mode() & 0o7777 },
            modified: metadata.modified().ok(),
            identity: [
                metadata.dev().into(),
                metadata.ino().into(),
                metadata.size().into(),
                metadata.mtime().into(),
                metadata.mtime_nsec().into(),
            ],
        }))
    }
}
