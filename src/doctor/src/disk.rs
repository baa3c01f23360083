// SPDX-License-Identifier: GPL-3.0-or-later
//! Room on the disk, and whether it can be written to at all: a worn SD card becomes read-only.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::statfs::statfs;
use nix::sys::statvfs::FsFlags;

use super::fix::{Action, Command, Fix, Tool};
use super::lamp::Lamp;
use super::report::Report;

/// Free bytes below which upgrades and logs are about to fail.
const LITTLE: u64 = 100 << 20;

/// Free bytes below which the state can hardly be kept.
const NONE: u64 = 5 << 20;

/// Free files below which it is the same.
const FEW_FILES: u64 = 100;

/// Looks at the file systems that the lamp writes to.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let system = &lamp.system;
    let mut seen = Vec::new();
    let state = lamp.service.state();
    let folder = state.parent().unwrap_or(Path::new("/"));
    for folder in [folder, Path::new("/var/log"), Path::new("/tmp")] {
        let Ok(metadata) = system.metadata(folder) else { continue };
        let Ok(found) = statfs(&system.path(folder)) else { continue };
        if seen.contains(&metadata.dev()) {
            continue;
        }
        seen.push(metadata.dev());
        let shown = folder.display();
        if system.runs && found.flags().contains(FsFlags::ST_RDONLY) {
            report.problem(
                format!("the disk of {shown} can only be read; an SD card that does so is worn out"),
                Fix::by_command(
                    "Copy what you need to another card; until then, have it written to again",
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
                format!("the disk of {shown} has room for {free_files} more files")
            } else {
                format!("the disk of {shown} has {} MiB left", free >> 20)
            };
            let journal = system.exists("/usr/bin/journalctl").then_some(Action::Run(Tool::ShrinkJournal));
            let fix = Fix::from(Action::Run(Tool::CleanPackages)).then(journal);
            report.worse(free < NONE || few_files, text, fix);
        }
    }
    report.ok_otherwise("there is room on the disk");
}
