// SPDX-License-Identifier: GPL-3.0-or-later
//! Logs that grow, and that Supervisor rotates while they do.
//!
//! The kernel tells of every change in their folders. After each one all logs are read on, each from the file that was
//! read before until its name leads to another one, so that no line of either is lost.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Context;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use supervisor_client::log::{End, rotated};

use super::{Log, print};

/// Changes to the logs' folders.
pub(super) struct Follower {
    changes: Inotify,
}

impl Follower {
    /// Listens from now on.
    pub(super) fn new(logs: &[Log]) -> anyhow::Result<Self> {
        let changes = Inotify::init(InitFlags::IN_CLOEXEC).context("the kernel cannot tell of changes")?;
        let folders: BTreeSet<&Path> = logs.iter().filter_map(|log| log.path.parent()).collect();
        let flags = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO;
        for folder in folders {
            changes
                .add_watch(folder, flags)
                .with_context(|| format!("cannot follow the logs in {}", folder.display()))?;
        }
        Ok(Self { changes })
    }

    /// Prints what comes after `ends`, until the process is ended.
    pub(super) fn run(self, logs: &[Log], ends: &[End]) -> anyhow::Result<()> {
        let mut readers: Vec<Reader> =
            logs.iter().zip(ends).map(|(log, end)| Reader::from(log, *end)).collect::<anyhow::Result<_>>()?;
        loop {
            for reader in &mut readers {
                reader.read_on()?;
            }
            self.changes.read_events().context("the kernel does not tell of changes any more")?;
        }
    }
}

struct Reader<'a> {
    log: &'a Log,
    open: Option<Open>,
}

/// The file of a log that is read now.
struct Open {
    file: File,
    inode: u64,
    position: u64,
    /// The beginning of a line that is not whole yet.
    line: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn from(log: &'a Log, end: End) -> anyhow::Result<Self> {
        let open = match end.inode {
            None => None,
            Some(inode) => {
                // It may have been rotated away since.
                let number = rotations(&log.path, inode)?.unwrap_or(0);
                Open::of(&rotated(&log.path, number), end.position)?.filter(|open| open.inode == inode)
            }
        };
        Ok(Self { log, open })
    }

    /// Prints the lines that have come.
    fn read_on(&mut self) -> anyhow::Result<()> {
        loop {
            let Some(open) = &mut self.open else {
                self.open = Open::of(&self.log.path, 0)?;
                if self.open.is_none() {
                    return Ok(());
                }
                continue;
            };
            // Found out first: nothing more is written to a file that has been rotated away.
            let number = rotations(&self.log.path, open.inode)?;
            open.print_lines(self.log)?;
            match number {
                Some(0) => return Ok(()),
                Some(number) => {
                    // There may have been several rotations since the last look, and there may be one right now.
                    let next = Open::of(&rotated(&self.log.path, number - 1), 0)?;
                    if rotations(&self.log.path, open.inode)? != Some(number) {
                        continue;
                    }
                    // If the next one has no name yet, it gets one in a moment.
                    let Some(next) = next else {
                        return Ok(());
                    };
                    // Supervisor looks for no end of a line before it begins a new file.
                    let line = std::mem::take(&mut open.line);
                    self.open = Some(Open { line, ..next });
                }
                // Removed, or rotated away too often to be followed.
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
            // A log that was emptied begins anew.
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

/// How many times a file of a log was rotated away; `None` if it is not among the log's files any more.
fn rotations(path: &Path, inode: u64) -> anyhow::Result<Option<u32>> {
    // In the middle of a rotation one of the names is missing for a moment.
    let mut gap = false;
    for number in 0.. {
        let name = rotated(path, number);
        match name.metadata() {
            Ok(metadata) if metadata.ino() == inode => return Ok(Some(number)),
            Ok(_) => gap = false,
            Err(error) if error.kind() == ErrorKind::NotFound && !gap => gap = true,
            Err(error) if error.kind() == ErrorKind::NotFound => break,
            Err(error) => return Err(error).with_context(|| format!("cannot look at {}", name.display())),
        }
    }
    Ok(None)
}
