// SPDX-License-Identifier: GPL-3.0-or-later
//! Finds the processes of the lamp's programs in `/proc`, and ends them.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::commands::command;
use crate::machine::Machine;
use crate::systemd;

/// How long a process may take to end before it is killed. Shorter than Supervisor's `stopwaitsecs` of 10 s,
/// because an installation waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The broker's port 1883, as written in `/proc/net/tcp`.
const BROKER: &str = ":075B";

/// A process.
#[derive(Debug, Clone)]
pub struct Process {
    /// Its process ID.
    pub pid: u32,
    /// The program of the lamp.
    pub program: &'static str,
    /// Its command line.
    pub words: Vec<String>,
    /// Its effective user ID.
    pub uid: u32,
    /// The process ID of the Supervisor that started it, directly or through a script.
    pub supervisor: Option<u32>,
    /// Whether its executable was replaced by another one or removed; also false if only root can find out.
    pub outdated: bool,
    /// The systemd service that started it, if that starts nothing else.
    pub service: Option<String>,
}

/// A process that was ended.
#[derive(Debug)]
pub struct Ended {
    /// The process.
    pub process: Process,
    /// The exclusive resource that it held, in words.
    pub held: String,
}

/// The fields that any process has.
struct Entry {
    parent: u32,
    words: Vec<String>,
    uid: u32,
}

/// The processes of the lamp's programs on the machine whose root is at `root`, by process ID.
#[must_use]
pub fn processes(root: &Path) -> Vec<Process> {
    let machine = Machine::new(root);
    let entries: BTreeMap<u32, Entry> = machine
        .list("/proc")
        .iter()
        .filter_map(|name| Some((name.parse().ok()?, entry(&machine, name)?)))
        .collect();
    entries
        .iter()
        .filter_map(|(pid, entry)| {
            // A script that starts a program and waits for it is not that program.
            let program = direct(&machine, *pid, &entry.words)?;
            Some(Process {
                pid: *pid,
                program,
                words: entry.words.clone(),
                uid: entry.uid,
                supervisor: supervisor(&entries, entry.parent),
                outdated: is_outdated(&machine, *pid),
                service: service(&machine.text(&format!("/proc/{pid}/cgroup")).unwrap_or_default())
                    .filter(|unit| systemd::is_of_the_lamp(&machine, unit)),
            })
        })
        .collect()
}

/// The program that a process itself is.
fn direct(machine: &Machine, pid: u32, words: &[String]) -> Option<&'static str> {
    let directory = machine.link(&format!("/proc/{pid}/cwd"));
    let directory = directory.as_deref().and_then(Path::to_str).unwrap_or_default();
    command::direct(words, directory)
}

fn entry(machine: &Machine, pid: &str) -> Option<Entry> {
    let status = machine.text(&format!("/proc/{pid}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.strip_prefix(':')?.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    };
    let command = machine.text(&format!("/proc/{pid}/cmdline"))?;
    Some(Entry {
        parent: field("PPid")?.first()?.parse().ok()?,
        words: command.trim_end_matches('\0').split('\0').map(str::to_owned).collect(),
        uid: field("Uid")?.get(1)?.parse().ok()?,
    })
}

fn is_outdated(machine: &Machine, pid: u32) -> bool {
    let link = machine.path(format!("/proc/{pid}/exe"));
    let Ok(target) = fs::read_link(&link) else { return false };
    let Some(path) = target.to_str().and_then(|target| target.strip_suffix(" (deleted)")) else {
        return false;
    };
    // The same version installed again is the same program.
    Machine::are_same(&link, &machine.path(path)) != Some(true)
}

/// The supervisord that `parent` is or descends from.
fn supervisor(entries: &BTreeMap<u32, Entry>, mut parent: u32) -> Option<u32> {
    // Processes may have changed since, so the chain of parents could be a loop.
    for _ in 0..entries.len() {
        let entry = entries.get(&parent)?;
        let mut words = entry.words.iter().take(3);
        if words.any(|word| word.rsplit('/').next() == Some("supervisord")) {
            return Some(parent);
        }
        parent = entry.parent;
    }
    None
}

/// The unit in a line such as `0::/system.slice/pigpiod.service`.
fn service(cgroup: &str) -> Option<String> {
    let path = cgroup.lines().find_map(|line| line.strip_prefix("0::"))?;
    path.split('/').find(|part| part.ends_with(".service")).map(str::to_owned)
}

/// Ends processes of the lamp that the Supervisor `ours` (or any, if unknown) did not start and that hold an
/// exclusive resource: pigpiod's lock, the panel's framebuffer, or a connection to the broker, where a second
/// client with the same ID disconnects the first.
#[must_use]
pub fn end(ours: Option<u32>) -> Vec<Ended> {
    let root = Path::new("/");
    let machine = Machine::new(root);
    let mut ended = Vec::new();
    for process in processes(root) {
        // A Supervisor that does not respond may have started it.
        let is_ours = process.supervisor.is_some() && (ours.is_none() || process.supervisor == ours);
        if is_ours || !is_here(process.pid) {
            continue;
        }
        let Some(held) = held(&machine, &process) else { continue };
        // The descriptor never refers to another process that reuses the ID. Check again, because the ID may
        // have been reused before it was opened.
        let Some(descriptor) = pid(process.pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok())
        else {
            continue;
        };
        let is_same =
            entry(&machine, &process.pid.to_string()).is_some_and(|entry| entry.words == process.words);
        if is_same && pidfd_send_signal(&descriptor, Signal::TERM).is_ok() {
            ended.push((descriptor, Ended { process, held }));
        }
    }
    let deadline = Instant::now() + PATIENCE;
    ended
        .into_iter()
        .map(|(descriptor, ended)| {
            if !has_ended(&descriptor, deadline) {
                let _ = pidfd_send_signal(&descriptor, Signal::KILL);
                has_ended(&descriptor, deadline + PATIENCE);
            }
            ended
        })
        .collect()
}

fn pid(number: u32) -> Option<Pid> {
    Pid::from_raw(number.cast_signed())
}

/// Waits for the end of a process; false if it does not end before the deadline.
fn has_ended(descriptor: &OwnedFd, deadline: Instant) -> bool {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(descriptor, PollFlags::IN)], Some(&left)) {
            Ok(count) => return count > 0,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// The exclusive resource that a process of this machine holds, for which [`end`] ends it.
#[must_use]
pub fn holds(process: &Process) -> Option<String> {
    held(&Machine::new(Path::new("/")), process)
}

/// Whether a process has the same root directory, so that it is not outside a chroot.
fn is_here(pid: u32) -> bool {
    let root = |path: &str| fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    root(&format!("/proc/{pid}/root/")).is_some_and(|there| Some(there) == root("/"))
}

/// The exclusive resource that a process holds.
fn held(machine: &Machine, process: &Process) -> Option<String> {
    let pid = process.pid;
    match process.program {
        "pigpiod" => {
            let lock = machine.text("/run/pigpio.pid")?;
            (lock.trim().parse() == Ok(pid)).then(|| "/run/pigpio.pid".to_owned())
        }
        "fbcp" => {
            let maps = machine.text(&format!("/proc/{pid}/maps"))?;
            let mut mapped = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
            mapped.rfind(|path| path.starts_with("/dev/fb")).map(str::to_owned)
        }
        _ => {
            let tables =
                ["tcp", "tcp6"].map(|name| machine.text(&format!("/proc/net/{name}")).unwrap_or_default());
            let sockets: Vec<String> =
                tables.iter().flat_map(|table| table.lines()).filter_map(connection).collect();
            let descriptors = machine.list(&format!("/proc/{pid}/fd")).into_iter();
            descriptors
                .filter_map(|descriptor| machine.link(&format!("/proc/{pid}/fd/{descriptor}")))
                .any(|target| {
                    target.to_str().is_some_and(|target| sockets.iter().any(|socket| socket == target))
                })
                .then(|| "a connection to the broker".to_owned())
        }
    }
}

/// The socket in a line of `/proc/net/tcp`, if it is an established connection to a broker.
fn connection(line: &str) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (remote, state, inode) = (fields.get(2)?, fields.get(3)?, fields.get(9)?);
    (*state == "01" && remote.ends_with(BROKER)).then(|| format!("socket:[{inode}]"))
}

#[cfg(test)]
mod tests {
    use super::{connection, service};

    #[test]
    fn finds_services_in_cgroups() {
        assert_eq!(service("0::/system.slice/pigpiod.service\n").as_deref(), Some("pigpiod.service"));
        assert_eq!(service("0::/user.slice/user-1000.slice/session-1.scope\n"), None);
        assert_eq!(service(""), None);
    }

    #[test]
    fn finds_connections_to_a_broker() {
        let line = "   1: 0100007F:A1B2 0100007F:075B 01 00000000:00000000 00:00000000 00000000  1000        0 4242 1 x";
        assert_eq!(connection(line).as_deref(), Some("socket:[4242]"));
        assert_eq!(connection(&line.replace(" 01 ", " 0A ")), None);
        assert_eq!(connection(&line.replace("075B", "22B8")), None);
        assert_eq!(connection("  sl  local_address rem_address"), None);
    }
}
