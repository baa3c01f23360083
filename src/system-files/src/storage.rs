// SPDX-License-Identifier: GPL-3.0-or-later
//! How long files in a directory last, depending on its file system.

use std::io;
use std::path::Path;

use rustix::fs::{FsWord, StatVfsMountFlags, statfs, statvfs};

/// Magic numbers of file systems, from linux/magic.h.
const TMPFS: FsWord = 0x0102_1994;
const OVERLAY: FsWord = 0x794c_7630;

/// How long a file lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// On a disk.
    Disk,
    /// The file system is read-only.
    ReadOnly,
    /// In memory, until the next boot.
    Memory,
    /// In the upper layer of an overlay. On systems with a read-only disk that layer is in memory, which the
    /// kernel does not report.
    Overlay,
}

/// The storage of a directory, or of its nearest existing parent.
pub fn storage(directory: &Path) -> io::Result<Storage> {
    let existing = directory.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    if statvfs(existing)?.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Ok(Storage::ReadOnly);
    }
    Ok(match statfs(existing)?.f_type {
        TMPFS => Storage::Memory,
        OVERLAY => Storage::Overlay,
        _ => Storage::Disk,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinguishes_memory_from_read_only_storage() {
        // Every Linux machine has both.
        assert_eq!(storage(Path::new("/dev/shm/missing/directory")).unwrap(), Storage::Memory);
        assert_ne!(storage(Path::new("/proc")).unwrap(), Storage::Memory);
    }
}
