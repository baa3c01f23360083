// SPDX-License-Identifier: GPL-3.0-or-later
//! Free space on the disk, and whether it is writable: a worn-out SD card becomes read-only.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::statfs::statfs;
use nix::sys::statvfs::FsFlags;

use super::fix::{Action, Command, Fix, Tool};
use super::lamp::Lamp;
use super::report::Report;

/// Free space below which upgrades and logs soon fail, in bytes.
const LITTLE: u64 = 100 << 20;

/// Free space below which saving the state soon fails, in bytes.
const NONE: u64 = 5 << 20;

/// Number of free inodes below which saving the state soon fails.
const FEW_FILES: u64 = 100;

/// Checks the file systems that the lamp writes to.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let system = &lamp.system;
    let mut seen = Vec::new();
    let state = lamp.service.state();
    let directory = state.parent().unwrap_or(Path::new("/"));
    for directory in [directory, Path::new("/var/log"), Path::new("/tmp")] {
        let Ok(metadata) = system.metadata(directory) else { continue };
        let Ok(found) = statfs(&system.path(directory)) else { continue };
        if seen.contains(&metadata.dev()) {
            continue;
        }
        seen.push(metadata.dev());
        let shown = directory.display();
        if system.runs && found.flags().contains(FsFlags::ST_RDONLY) {
            report.problem(
                format!(
                    "the disk of {shown} is read-only, so nothing can be saved; the SD card is probably \
                     worn out"
                ),
                Fix::by_command(
                    "Copy what you need to a new card; until then, make the disk writable",
                    Command::of_root("mount --options remount,rw /"),
                ),
            );
            continue;
        }
        let free = found.blocks_available().saturating_mul(found.block_size() as u64);
        let (files, free_files) = (found.files(), found.files_free());
        let few_files = files > 0 && free_files < FEW_FILES;
        if free < LITTLE || few_files {
            let text = if few_files {
                format!("the disk of {shown} is almost full: it has room for {free_files} more files")
            } else {
                format!("the disk of {shown} is almost full: {} MiB are free", free >> 20)
            };
            let journal = system.exists("/usr/bin/journalctl").then_some(Action::Run(Tool::ShrinkJournal));
            let fix = Fix::from(Action::Run(Tool::CleanPackages)).then(journal);
            report.worse(free < NONE || few_files, text, fix);
        }
    }
    report.ok_otherwise("the disk has free space");
}
