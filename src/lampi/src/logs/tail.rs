// SPDX-License-Identifier: GPL-3.0-or-later
//! The last lines of logs.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Bytes that are read at once from the end of a file.
const CHUNK: u64 = 16 << 10;

/// Up to where a log was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Of the file; none if there was none.
    pub inode: Option<u64>,
    /// Bytes of it that are behind.
    pub position: u64,
}

/// The end of a log.
#[derive(Debug)]
pub(super) struct Tail {
    pub lines: Vec<Vec<u8>>,
    pub end: End,
}

/// The last `count` lines of a log, which may begin in the files that Supervisor has rotated away, `LOG.1` and so on. A
/// line that is not whole yet is left for later.
pub(super) fn last_lines(path: &Path, count: usize) -> anyhow::Result<Tail> {
    let (mut chunks, mut wanted, mut inode, mut length) = (Vec::new(), count + 1, None, 0);
    for number in 0.. {
        let name = rotated(path, number);
        let file = match File::open(&name) {
            Ok(file) => file,
            // Between two names of a rotation the first one is missing for a moment.
            Err(error) if error.kind() == ErrorKind::NotFound && number == 0 => continue,
            Err(error) if error.kind() == ErrorKind::NotFound => break,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", name.display())),
        };
        let metadata = file.metadata().with_context(|| format!("cannot look at {}", name.display()))?;
        if number == 0 {
            (inode, length) = (Some(metadata.ino()), metadata.len());
        }
        let ends = read_back(file, metadata.len(), wanted, &mut chunks)
            .with_context(|| format!("cannot read {}", name.display()))?;
        wanted = wanted.saturating_sub(ends);
        if wanted == 0 {
            break;
        }
    }
    chunks.reverse();
    // As if it were one file: Supervisor looks for no end of a line before it begins a new one.
    let bytes = chunks.concat();
    let unfinished = bytes.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len);
    let mut lines: Vec<Vec<u8>> = bytes[..bytes.len() - unfinished]
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\n").unwrap_or(line).to_vec())
        .collect();
    lines.drain(..lines.len().saturating_sub(count));
    Ok(Tail { lines, end: End { inode, position: length.saturating_sub(unfinished as u64) } })
}

/// Adds chunks of a file of this `length`, the last first, until there are `wanted` ends of lines in them. Returns how
/// many there are.
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

/// The name of a log that Supervisor has rotated away `number` times.
pub(super) fn rotated(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if number > 0 {
        name.push(format!(".{number}"));
    }
    name.into()
}

/// The lines of several logs as one list, each with the number of its log, in the order of the times that they begin
/// with. A line without a time belongs to the one before it.
pub(super) fn in_order(logs: Vec<Vec<Vec<u8>>>) -> Vec<(usize, Vec<u8>)> {
    let mut all = Vec::new();
    for (log, lines) in logs.into_iter().enumerate() {
        let mut time = Vec::new();
        for line in lines {
            if let Some(new) = self::time(&line) {
                time = new.to_vec();
            }
            all.push((time.clone(), log, line));
        }
    }
    all.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    all.into_iter().map(|(_, log, line)| (log, line)).collect()
}

/// The time that a line of our programs begins with, as `2026-01-31T12:00:00Z`; such times sort as text.
fn time(line: &[u8]) -> Option<&[u8]> {
    let (time, rest) = line.split_at_checked(20)?;
    let fits = time.iter().zip(b"0000-00-00T00:00:00Z").all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => byte == form,
    });
    (fits && rest.starts_with(b" ")).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[Vec<u8>]) -> Vec<&str> {
        lines.iter().map(|line| std::str::from_utf8(line).unwrap()).collect()
    }

    #[test]
    fn the_last_lines_may_begin_in_older_files() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        for (name, content) in
            [("log", "\ne\nf\nhal"), ("log.1", "c\nd"), ("log.2", "a\nb\n"), ("log.4", "x\n")]
        {
            std::fs::write(folder.path().join(name), content).unwrap();
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
    fn long_files_and_long_lines_are_read_from_their_end() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
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
    fn no_log_has_no_lines() {
        let folder = tempfile::tempdir().unwrap();
        let tail = last_lines(&folder.path().join("log"), 10).unwrap();
        assert!(tail.lines.is_empty() && tail.end == End { inode: None, position: 0 });
    }

    #[test]
    fn lines_are_merged_by_their_times() {
        let lines = |lines: &[&str]| lines.iter().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>();
        let merged = in_order(vec![
            lines(&["no time", "2026-01-31T12:00:01Z a: 1", "goes on", "2026-01-31T12:00:03Z a: 2"]),
            lines(&["2026-01-31T12:00:01Z b: 1", "2026-01-31T12:00:02Z b: 2", "2026-01-31T12:00:0xZ b: 3"]),
        ]);
        let merged: Vec<(usize, &str)> =
            merged.iter().map(|(log, line)| (*log, std::str::from_utf8(line).unwrap())).collect();
        assert_eq!(
            merged,
            [
                (0, "no time"),
                (0, "2026-01-31T12:00:01Z a: 1"),
                (0, "goes on"),
                (1, "2026-01-31T12:00:01Z b: 1"),
                (1, "2026-01-31T12:00:02Z b: 2"),
                (1, "2026-01-31T12:00:0xZ b: 3"),
                (0, "2026-01-31T12:00:03Z a: 2"),
            ]
        );
    }
}
