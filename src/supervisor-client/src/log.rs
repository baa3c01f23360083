// SPDX-License-Identifier: GPL-3.0-or-later
//! The programs' logs, as Supervisor writes and rotates them: `LOG`, and older lines in `LOG.1`, `LOG.2` etc.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// Size of a block that is read from the end of a file, in bytes.
const CHUNK: u64 = 16 << 10;

/// A log that cannot be read.
#[derive(Debug)]
pub struct LogError {
    path: PathBuf,
    error: io::Error,
}

impl fmt::Display for LogError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cannot read {}: {}", self.path.display(), self.error)
    }
}

impl std::error::Error for LogError {}

/// Opens a log for reading. A pipe or a device is an error: reading it might never end.
pub fn open(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::empty())
}

fn open_with(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | flags;
    let file = File::options().read(true).custom_flags(flags.bits() as i32).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

/// The last `most` bytes of a log that another user may have created. It follows no symbolic link, which
/// could lead to a file that only root may read.
pub fn last_bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut file = open_with(path, OFlags::NOFOLLOW)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The position up to which a log was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Inode of the file; none if there was no file.
    pub inode: Option<u64>,
    /// Offset in the file, in bytes.
    pub position: u64,
}

/// The last lines of a log.
#[derive(Debug)]
pub struct Tail {
    /// Complete lines, without line ends.
    pub lines: Vec<Vec<u8>>,
    /// The position after the last line.
    pub end: End,
}

/// The last `count` lines of a log, including rotated files. An incomplete last line is not included.
pub fn last_lines(path: &Path, count: usize) -> Result<Tail, LogError> {
    let (mut chunks, mut wanted, mut inode, mut length) = (Vec::new(), count + 1, None, 0);
    for number in 0.. {
        let name = rotated(path, number);
        let failed = |error| LogError { path: name.clone(), error };
        let file = match open(&name) {
            Ok(file) => file,
            // During a rotation, `LOG` is missing for a moment.
            Err(error) if error.kind() == ErrorKind::NotFound && number == 0 => continue,
            Err(error) if error.kind() == ErrorKind::NotFound => break,
            Err(error) => return Err(failed(error)),
        };
        let metadata = file.metadata().map_err(failed)?;
        if number == 0 {
            (inode, length) = (Some(metadata.ino()), metadata.len());
        }
        let ends = read_back(file, metadata.len(), wanted, &mut chunks).map_err(failed)?;
        wanted = wanted.saturating_sub(ends);
        if wanted == 0 {
            break;
        }
    }
    chunks.reverse();
    // Treated as one file: Supervisor also rotates in the middle of a line.
    let bytes = chunks.concat();
    let unfinished = bytes.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len);
    let mut lines: Vec<Vec<u8>> = bytes[..bytes.len() - unfinished]
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\n").unwrap_or(line).to_vec())
        .collect();
    lines.drain(..lines.len().saturating_sub(count));
    Ok(Tail { lines, end: End { inode, position: length.saturating_sub(unfinished as u64) } })
}

/// Adds chunks of a file of this `length`, the last first, until they contain `wanted` line ends. Returns the
/// number of line ends.
fn read_back(mut file: File, length: u64, wanted: usize, chunks: &mut Vec<Vec<u8>>) -> io::Result<usize> {
    let (mut start, mut ends) = (length, 0);
    while start > 0 && ends < wanted {
        let length = start.min(CHUNK);
        start -= length;
        file.seek(SeekFrom::Start(start))?;
        let mut chunk = Vec::new();
        Read::by_ref(&mut file).take(length).read_to_end(&mut chunk)?;
        ends += chunk.split(|byte| *byte == b'\n').count() - 1;
        chunks.push(chunk);
    }
    Ok(ends)
}

/// The name of a log after `number` rotations.
#[must_use]
pub fn rotated(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if number > 0 {
        name.push(format!(".{number}"));
    }
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[Vec<u8>]) -> Vec<&str> {
        lines.iter().map(|line| std::str::from_utf8(line).unwrap()).collect()
    }

    #[test]
    fn reads_the_last_lines_across_rotated_files() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        for (name, content) in
            [("log", "\ne\nf\nhal"), ("log.1", "c\nd"), ("log.2", "a\nb\n"), ("log.4", "x\n")]
        {
            std::fs::write(directory.path().join(name), content).unwrap();
        }
        for (count, expected) in [
            (0, &[][..]),
            (1, &["f"]),
            (2, &["e", "f"]),
            (3, &["d", "e", "f"]),
            (6, &["a", "b", "c", "d", "e", "f"]),
            (100, &["a", "b", "c", "d", "e", "f"]),
        ] {
            let tail = last_lines(&log, count).unwrap();
            assert_eq!(text(&tail.lines), expected, "{count}");
            assert_eq!(tail.end.position, 5, "{count}");
        }
    }

    #[test]
    fn reads_long_files_and_long_lines_from_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let lines: Vec<String> =
            (0..100).map(|number| format!("{number} {}", "x".repeat(number * 500))).collect();
        std::fs::write(&log, lines.join("\n") + "\n").unwrap();
        for count in [1, 2, 17, 99, 100, 101] {
            let tail = last_lines(&log, count).unwrap();
            assert!(text(&tail.lines) == lines[100 - count.min(100)..], "{count}");
            assert_eq!(tail.end.position, log.metadata().unwrap().len());
        }
    }

    #[test]
    fn a_missing_log_has_no_lines() {
        let directory = tempfile::tempdir().unwrap();
        let tail = last_lines(&directory.path().join("log"), 10).unwrap();
        assert!(tail.lines.is_empty() && tail.end == End { inode: None, position: 0 });
    }

    #[test]
    fn rejects_a_pipe() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("log");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let error = last_lines(&pipe, 1).unwrap_err().to_string();
        assert_eq!(error, format!("cannot read {}: it is not a regular file", pipe.display()));
        assert!(last_bytes(&pipe, 1).is_err());
    }

    #[test]
    fn only_last_lines_follows_a_symbolic_link() {
        let directory = tempfile::tempdir().unwrap();
        let (target, link) = (directory.path().join("target"), directory.path().join("link"));
        std::fs::write(&target, "one\ntwo\n").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert_eq!(text(&last_lines(&link, 1).unwrap().lines), ["two"]);
        assert!(last_bytes(&link, 4).is_err());
        assert_eq!(last_bytes(&target, 4).unwrap(), b"two\n");
    }
}
