// SPDX-License-Identifier: GPL-3.0-or-later
//! The bytes behind a surface: a device's memory, mapped, or a file, read and written by system calls.
//!
//! A device must be mapped: a driver with deferred IO learns from page faults which rows were stored, and takes a `write` as
//! a change of the whole screen. A file must not be: a process that touches a mapped page beyond the end of a file that
//! somebody cut short is killed by SIGBUS, whereas a system call returns an error.
//!
//! A device's mapping outlives its driver's unbinding; where a driver answers with SIGBUS instead, [`crate::fault`] makes an
//! error of it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use memmap2::{MmapOptions, MmapRaw};

use crate::Access;
use crate::fault::Watch;

#[derive(Debug)]
pub(crate) enum Memory {
    /// The watch is first, for it must end before the mapping does.
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

    /// Copies bytes out, from byte `start` on.
    pub(crate) fn read(&self, start: usize, bytes: &mut [u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.read_exact_at(bytes, start as u64),
            Self::Mapped(watch, map) => {
                assert_inside(map, start, bytes.len());
                // SAFETY: the source lies inside the mapping, which lives as long as `map`; the destination is a slice of ours
                // and cannot overlap memory that only raw pointers reach. Other processes may store meanwhile: bytes have no
                // invalid values, so the worst is a frame of two moments, which every reader of a framebuffer gets.
                unsafe {
                    std::ptr::copy_nonoverlapping(map.as_ptr().add(start), bytes.as_mut_ptr(), bytes.len());
                }
                watch.check()
            }
        }
    }

    /// Copies bytes in, from byte `start` on.
    pub(crate) fn store(&mut self, start: usize, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all_at(bytes, start as u64),
            Self::Mapped(watch, map) => {
                assert_inside(map, start, bytes.len());
                // SAFETY: the destination lies inside the mapping, which lives as long as `map` and is writable, because
                // `Surface` stores only to what it opened with `Access::ReadWrite`; the source is a slice of ours and cannot
                // overlap it. No reference to the mapping exists anywhere.
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
    assert!(end.is_some_and(|end| end <= map.len()), "{length} bytes from byte {start} leave the mapping");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_reads_and_stores_what_the_file_has() {
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
    fn what_goes_away_under_a_mapping_is_an_error_and_no_signal() {
        let file = tempfile::tempfile().expect("a file");
        file.set_len(20_000).expect("longer");
        let mut memory = Memory::map(&file, 20_000, Access::ReadWrite).expect("mapped");
        let other = tempfile::tempfile().expect("a file");
        other.set_len(20_000).expect("longer");
        let mut untouched = Memory::map(&other, 20_000, Access::ReadWrite).expect("mapped");
        memory.store(9_000, &[1; 9_000]).expect("stored");
        // Beyond the end of a file, pages of a mapping answer with SIGBUS.
        file.set_len(0).expect("cut");
        for start in [0, 9_000] {
            let error = memory.store(start, &[2; 9_000]).expect_err("gone");
            assert_eq!(error.to_string(), "its driver let go of it");
            memory.read(start, &mut [0; 9_000]).expect_err("gone");
        }
        untouched.store(0, &vec![3; 20_000]).expect("another mapping is not concerned");
    }

    #[test]
    #[should_panic(expected = "4 bytes from byte 7 leave the mapping")]
    fn nothing_outside_of_a_mapping_is_touched() {
        let file = tempfile::tempfile().expect("a file");
        file.set_len(10).expect("longer");
        let memory = Memory::map(&file, 10, Access::Read).expect("mapped");
        let _ = memory.read(7, &mut [0; 4]);
    }

    #[test]
    fn a_file_cut_short_is_an_error_and_no_signal() {
        let file = tempfile::tempfile().expect("a file");
        file.set_len(10).expect("longer");
        let memory = Memory::File(file.try_clone().expect("a second handle"));
        file.set_len(0).expect("cut");
        let error = memory.read(0, &mut [0; 4]).expect_err("too short");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
