// SPDX-License-Identifier: GPL-3.0-or-later
//! The processes of a running system that are programs of the lamp, as `/proc` shows them.

use std::collections::BTreeMap;
use std::fs;

use super::starts::program_of_words;
use super::system::System;

/// A process.
#[derive(Debug, Clone)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Which of the lamp's programs it is.
    pub program: &'static str,
    /// The words it was called with.
    pub words: Vec<String>,
    /// Effective user.
    pub uid: u32,
    /// Whether Supervisor started it.
    pub supervised: bool,
    /// Whether the file it runs has been replaced by another program, or removed; false too if only root may know.
    pub outdated: bool,
    /// The service of systemd that it belongs to.
    pub service: Option<String>,
}

/// What is the same for any process.
struct Entry {
    parent: u32,
    words: Vec<String>,
    uid: u32,
}

/// Programs of the lamp among the processes, by their numbers.
pub fn of_the_lamp(system: &System) -> Vec<Process> {
    let entries: BTreeMap<u32, Entry> = system
        .list("/proc")
        .iter()
        .filter_map(|name| Some((name.parse().ok()?, entry(system, name)?)))
        .collect();
    entries
        .iter()
        .filter_map(|(pid, entry)| {
            let program = program_of_words(&entry.words, "")?;
            Some(Process {
                pid: *pid,
                program,
                words: entry.words.clone(),
                uid: entry.uid,
                supervised: is_supervised(&entries, entry.parent),
                outdated: is_outdated(system, *pid),
                service: service(&system.text(format!("/proc/{pid}/cgroup")).unwrap_or_default()),
            })
        })
        .collect()
}

fn entry(system: &System, pid: &str) -> Option<Entry> {
    let status = system.text(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.strip_prefix(':')?.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    };
    let command = system.text(format!("/proc/{pid}/cmdline")).ok()?;
    Some(Entry {
        parent: field("PPid")?.first()?.parse().ok()?,
        words: command.trim_end_matches('\0').split('\0').map(str::to_owned).collect(),
        uid: field("Uid")?.get(1)?.parse().ok()?,
    })
}

fn is_outdated(system: &System, pid: u32) -> bool {
    let link = system.path(format!("/proc/{pid}/exe"));
    let Ok(target) = fs::read_link(&link) else { return false };
    let Some(path) = target.to_str().and_then(|target| target.strip_suffix(" (deleted)")) else {
        return false;
    };
    // The same version, installed again, is the same program.
    match (fs::read(&link), fs::read(system.path(path))) {
        (Ok(running), Ok(installed)) => running != installed,
        _ => true,
    }
}

/// Whether `parent` is supervisord or came from it; a script may stand between it and the program.
fn is_supervised(entries: &BTreeMap<u32, Entry>, mut parent: u32) -> bool {
    // Parents of a moment ago cannot be trusted to lead to an end.
    for _ in 0..entries.len() {
        let Some(entry) = entries.get(&parent) else { return false };
        let mut words = entry.words.iter().take(3);
        if words.any(|word| word.rsplit('/').next() == Some("supervisord")) {
            return true;
        }
        parent = entry.parent;
    }
    false
}

/// The unit in a line like `0::/system.slice/pigpiod.service`.
fn service(cgroup: &str) -> Option<String> {
    let path = cgroup.lines().find_map(|line| line.strip_prefix("0::"))?;
    path.split('/').find(|part| part.ends_with(".service")).map(str::to_owned)
}
