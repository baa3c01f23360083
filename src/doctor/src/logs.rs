// SPDX-License-Identifier: GPL-3.0-or-later
//! Logs that grow without limit.

use std::fs;
use std::path::Path;

use super::fix::Action;
use super::lamp::Lamp;
use super::report::Report;
use runtime::quoting::quoted;

/// The directory of all logs.
const DIRECTORY: &str = "/var/log";

/// Size above which a log is not rotated, in bytes.
const LARGEST: u64 = 100 << 20;

/// Depth of subdirectories that are read.
const DEEPEST: usize = 3;

/// Checks the sizes.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let mut large = Vec::new();
    collect(&lamp.system.path(DIRECTORY), DEEPEST, &mut large);
    for (path, bytes) in large {
        let shown = lamp.system.shown(&path);
        report
            .warning(format!("{} has grown to {} MiB", quoted(&shown), bytes >> 20), Action::EmptyLog(shown));
    }
    report.ok_otherwise("the logs are small");
}

fn collect(directory: &Path, depth: usize, large: &mut Vec<(std::path::PathBuf, u64)>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        // Of the entry itself, not of the target of a link.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() && depth > 0 {
            collect(&entry.path(), depth - 1, large);
        } else if metadata.is_file() && metadata.len() > LARGEST {
            large.push((entry.path(), metadata.len()));
        }
    }
}
