// SPDX-License-Identifier: GPL-3.0-or-later
//! The bytes of a surface: a device's mapped memory, or a file read and written by system calls.
//!
//! A device must be mapped: a driver with deferred IO detects written rows by page faults, and treats a
//! `write` as a change of the whole screen. A file must not be mapped: touching a mapped page beyond the end
//! of a truncated file kills the process with SIGBUS, whereas a system call returns an error.
//!
//! A mapping remains valid when its driver is unbound. If a driver causes SIGBUS instead, [`crate::fault`]
//! turns it into an error.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use memmap2::{MmapOptions, MmapRaw};

use crate::Access;
use crate::fault::Watch;

#[derive(Debug)]
pub(crate) enum Memory {
    /// The watch is first because it must be dropped before the mapping.
    Mapped(Watch, MmapRaw),
    File(File),
}

impl Memory {
    /// Maps the first `length` bytes of a device.
    pub(crate) fn map(device: &File, length: usize, access: Access) -> io::Result<Self> {
        let mut options = MmapOptions::new();
        options.len(length);
        let map = match access {
            Access::Read => options.map_raw_read_only(device),
            Access::ReadWrite => options.map_raw(device),
        };
        let map = map?;
        Ok(Self::Mapped(Watch::over(map.as_ptr(), map.len())?, map))
    }

    /// Copies bytes out of the memory, starting at byte `start`.
    pub(crate) fn read(&self, start: usize, bytes: &mut [u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.read_exact_at(bytes, start as u64),
            Self::Mapped(watch, map) => {
                assert_inside(map, start, bytes.len());
                // SAFETY: the source is inside the mapping, which lives as long as `map`. The destination is
                // a slice and cannot overlap memory that only raw pointers refer to. Other processes may
                // write at the same time: bytes have no invalid values, so at worst the frame mixes two
                // moments.
                unsafe {
                    std::ptr::copy_nonoverlapping(map.as_ptr().add(start), bytes.as_mut_ptr(), bytes.len());
                }
                watch.check()
            }
        }
    }

    /// Copies bytes into the memory, starting at byte `start`.
    pub(crate) fn store(&mut self, start: usize, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all_at(bytes, start as u64),
            Self::Mapped(watch, map) => {
                assert_inside(map, start, bytes.len());
                // SAFETY: the destination is inside the mapping, which lives as long as `map`. It is writable
                // because `Surface` stores only with `Access::ReadWrite`. The source is a slice and cannot
                // overlap it. There is no reference to the mapping.
                unsafe {
                    std::ptr::copy_nonoverlapping(bytes.as_ptr(), map.as_mut_ptr().add(start), bytes.len());
                }
                watch.check()
            }
        }
    }
}

fn assert_inside(map: &MmapRaw, start: usize, length: usize) {
    let end = start.checked_add(length);
    assert!(end.is_some_and(|end| end <= map.len()), "{length} bytes from byte {start} exceed the mapping");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_reads_and_writes_the_file() {
        let file = tempfile::tempfile().expect("a file");
        file.write_all_at(b"0123456789", 0).expect("written");
        let mut memory = Memory::map(&file, 10, Access::ReadWrite).expect("mapped");
        let mut bytes = [0; 4];
        memory.read(3, &mut bytes).expect("read");
        assert_eq!(&bytes, b"3456");
        memory.store(8, b"ab").expect("stored");
        let mut all = [0; 10];
        file.read_exact_at(&mut all, 0).expect("read");
        assert_eq!(&all, b"01234567ab");
    }

    #[test]
    fn losing_the_mapped_file_is_an_error_not_a_signal() {
        let file = tempfile::tempfile().expect("a file");
        file.set_len(20_000).expect("longer");
        let mut memory = Memory::map(&file, 20_000, Access::ReadWrite).expect("mapped");
        let other = tempfile::tempfile().expect("a file");
        other.set_len(20_000).expect("longer");
        let mut untouched = Memory::map(&other, 20_000, Access::ReadWrite).expect("mapped");
        memory.store(9_000, &[1; 9_000]).expect("stored");
        // Pages of a mapping beyond the end of a file cause SIGBUS.
        file.set_len(0).expect("cut");
        for start in [0, 9_000] {
            let error = memory.store(start, &[2; 9_000]).expect_err("gone");
            assert_eq!(error.to_string(), "its driver released it");
            memory.read(start, &mut [0; 9_000]).expect_err("gone");
        }
        untouched.store(0, &vec![3; 20_000]).expect("another mapping still works");
    }

    #[test]
    #[should_panic(expected = "4 bytes from byte 7 exceed the mapping")]
    fn panics_outside_the_mapping() {
        let file = tempfile::tempfile().expect("a file");
        file.set_len(10).expect("longer");
        let memory = Memory::map(&file, 10, Access::Read).expect("mapped");
        let _ = memory.read(7, &mut [0; 4]);
    }

    #[test]
    fn truncating_a_file_is_an_error_not_a_signal() {
        let file = tempfile::tempfile().expect("a file");
        file.set_len(10).expect("longer");
        let memory = Memory::File(file.try_clone().expect("a second handle"));
        file.set_len(0).expect("cut");
        let error = memory.read(0, &mut [0; 4]).expect_err("too short");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
