// SPDX-License-Identifier: GPL-3.0-or-later
//! Follows logs that grow and that Supervisor rotates.
//!
//! inotify reports each change in their directories. After a change, all logs are read to their ends: first
//! the file that is open, even if it was rotated, then the one that replaced it. So no line is lost.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Context;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use supervisor_client::log::{End, rotated};

use super::{Log, print};

/// An inotify watch on the logs' directories.
pub(super) struct Follower {
    changes: Inotify,
}

impl Follower {
    /// Starts the watch.
    pub(super) fn new(logs: &[Log]) -> anyhow::Result<Self> {
        let changes = Inotify::init(InitFlags::IN_CLOEXEC).context("cannot use inotify")?;
        let directories: BTreeSet<&Path> = logs.iter().filter_map(|log| log.path.parent()).collect();
        let flags = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO;
        for directory in directories {
            changes
                .add_watch(directory, flags)
                .with_context(|| format!("cannot watch {} for changes", directory.display()))?;
        }
        Ok(Self { changes })
    }

    /// Prints the lines after `ends`, until the process ends.
    pub(super) fn run(self, logs: &[Log], ends: &[End]) -> anyhow::Result<()> {
        let mut readers: Vec<Reader> =
            logs.iter().zip(ends).map(|(log, end)| Reader::from(log, *end)).collect::<anyhow::Result<_>>()?;
        loop {
            for reader in &mut readers {
                reader.read_on()?;
            }
            self.changes.read_events().context("cannot read events of inotify")?;
        }
    }
}

struct Reader<'a> {
    log: &'a Log,
    open: Option<Open>,
}

/// The open file of a log.
struct Open {
    file: File,
    inode: u64,
    position: u64,
    /// The start of an incomplete line.
    line: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn from(log: &'a Log, end: End) -> anyhow::Result<Self> {
        let open = match end.inode {
            None => None,
            Some(inode) => {
                // It may have been rotated since.
                let number = rotations(&log.path, inode)?.unwrap_or(0);
                Open::of(&rotated(&log.path, number), end.position)?.filter(|open| open.inode == inode)
            }
        };
        Ok(Self { log, open })
    }

    /// Prints the new lines.
    fn read_on(&mut self) -> anyhow::Result<()> {
        loop {
            let Some(open) = &mut self.open else {
                self.open = Open::of(&self.log.path, 0)?;
                if self.open.is_none() {
                    return Ok(());
                }
                continue;
            };
            // Before reading: Supervisor writes no more to a file that is rotated.
            let number = rotations(&self.log.path, open.inode)?;
            open.print_lines(self.log)?;
            match number {
                Some(0) => return Ok(()),
                Some(number) => {
                    // Several rotations may have happened, and one may be in progress.
                    let next = Open::of(&rotated(&self.log.path, number - 1), 0)?;
                    if rotations(&self.log.path, open.inode)? != Some(number) {
                        continue;
                    }
                    // During a rotation the next file has no name for a moment.
                    let Some(next) = next else {
                        return Ok(());
                    };
                    // Supervisor also rotates in the middle of a line.
                    let line = std::mem::take(&mut open.line);
                    self.open = Some(Open { line, ..next });
                }
                // Removed, or rotated beyond the last backup.
                None => {
                    if !open.line.is_empty() {
                        print(self.log, &open.line)?;
                    }
                    self.open = None;
                }
            }
        }
    }
}

impl Open {
    fn of(path: &Path, position: u64) -> anyhow::Result<Option<Self>> {
        let open = || -> io::Result<Self> {
            let file = File::open(path)?;
            let inode = file.metadata()?.ino();
            Ok(Self { file, inode, position, line: Vec::new() })
        };
        match open() {
            Ok(open) => Ok(Some(open)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    fn print_lines(&mut self, log: &Log) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        let mut read = || {
            // The log was truncated.
            if self.file.metadata()?.len() < self.position {
                self.position = 0;
                self.line.clear();
            }
            self.file.seek(SeekFrom::Start(self.position))?;
            self.file.read_to_end(&mut bytes)
        };
        let count = read().with_context(|| format!("cannot read {}", log.path.display()))?;
        self.position += count as u64;
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if let Some(line) = self.line.strip_suffix(b"\n") {
                print(log, line)?;
                self.line.clear();
            }
        }
        Ok(())
    }
}

/// How many times a file of a log was rotated; `None` if it is no longer one of the log's files.
fn rotations(path: &Path, inode: u64) -> anyhow::Result<Option<u32>> {
    // During a rotation one of the names is missing for a moment.
    let mut gap = false;
    for number in 0.. {
        let name = rotated(path, number);
        match name.metadata() {
            Ok(metadata) if metadata.ino() == inode => return Ok(Some(number)),
            Ok(_) => gap = false,
            Err(error) if error.kind() == ErrorKind::NotFound && !gap => gap = true,
            Err(error) if error.kind() == ErrorKind::NotFound => break,
            Err(error) => return Err(error).with_context(|| format!("cannot access {}", name.display())),
        }
    }
    Ok(None)
}
