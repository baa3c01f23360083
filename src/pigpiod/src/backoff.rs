// SPDX-License-Identifier: GPL-3.0-or-later
//! The backoff between attempts to start pigpio's own daemon, from a record of its last start.
//!
//! A daemon that does not support this board exits at once, and Supervisor starts this program again. Its
//! exit status is unknown by then, and it may also have been stopped. A start counts as refused if the daemon
//! exited within `AT_ONCE` and /dev has not changed since: a pigpiod that runs always creates /dev/pigerr as
//! the last step of its start.
//!
//! After a refusal, this program waits before it tries pigpio's own daemon again. The pause doubles with each
//! refusal in a row. A temporary failure therefore costs only seconds of light, and an unsupported board
//! causes few attempts.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use system_files::{Access, Place};

/// Milliseconds; far longer than a refusal plus Supervisor's pause before the next start.
const AT_ONCE: i64 = 5000;

/// The pause after the first refusal, and the maximum pause.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// The record, in a directory that is empty after a boot. Readable by all users, because `lampi status` reads
/// it.
const FILE: &str = "/run/lampi-pigpiod.started";

/// A start of pigpio's own daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Start {
    process: i32,
    /// Milliseconds since the boot, including suspend.
    at: i64,
    /// Modification time of /dev at the start.
    changed: [i64; 2],
    /// Number of refused starts in a row before this one.
    refusals: u32,
}

/// The record of the last start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Record {
    /// Not evaluated yet.
    Started(Start),
    /// Refused, with the number of refused starts in a row.
    Refused(u32),
}

/// Records that this process is about to execute pigpio's own daemon.
pub fn record_start(root: &Path) -> Result<(), system_files::Error> {
    // After a refusal, only this daemon ran.
    let refusals = if let Some(Record::Refused(refusals)) = read(root) { refusals } else { 0 };
    write(root, Record::Started(Start { refusals, ..Start::now(root) }))
}

/// Returns the pause if the last start of pigpio's own daemon was refused. The result of a start is returned
/// only once.
#[must_use]
pub fn judge_start(root: &Path) -> Option<Duration> {
    // Without a valid record, try the daemon.
    let Some(Record::Started(start)) = read(root) else { return None };
    if is_alive(start.process) || !start.was_refused(Start::now(root)) {
        return None;
    }
    Some(refused(root, start))
}

/// Records that the program of the last start could not be executed. Returns the pause.
#[must_use]
pub fn record_failure(root: &Path) -> Option<Duration> {
    match read(root)? {
        Record::Started(start) => Some(refused(root, start)),
        Record::Refused(_) => None,
    }
}

/// The current pause after a refusal. Changes nothing.
#[must_use]
pub fn current(root: &Path) -> Option<Duration> {
    match read(root)? {
        Record::Refused(refusals) => Some(pause(refusals.saturating_sub(1))),
        Record::Started(_) => None,
    }
}

fn refused(root: &Path, start: Start) -> Duration {
    // Without a new record, the old one is evaluated again.
    let _ = write(root, Record::Refused(start.refusals.saturating_add(1)));
    pause(start.refusals)
}

/// The pause after a refusal with `earlier` refusals in a row before it.
fn pause(earlier: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(earlier)).min(LONGEST_PAUSE)
}

fn write(root: &Path, record: Record) -> Result<(), system_files::Error> {
    let text = match record {
        Record::Started(Start { process, at, changed: [seconds, nanoseconds], refusals }) => {
            format!("started {process} {at} {seconds} {nanoseconds} {refusals}\n")
        }
        Record::Refused(refusals) => format!("refused {refusals}\n"),
    };
    Place::below(root, FILE)?.write(text.as_bytes(), Access { user: 0, group: 0, mode: 0o644 })
}

/// `None` without a file, or for an invalid one.
fn read(root: &Path) -> Option<Record> {
    let found = Place::below(root, FILE).ok()?.read().ok()??;
    let text = String::from_utf8(found.content).ok()?;
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        ["started", process, at, seconds, nanoseconds, refusals] => Some(Record::Started(Start {
            process: process.parse().ok()?,
            at: at.parse().ok()?,
            changed: [seconds.parse().ok()?, nanoseconds.parse().ok()?],
            refusals: refusals.parse().ok()?,
        })),
        ["refused", refusals] => Some(Record::Refused(refusals.parse().ok()?)),
        _ => None,
    }
}

fn is_alive(process: i32) -> bool {
    // Supervisor reaps its children, so an existing process ID is a running process.
    process != std::process::id().cast_signed() && kill(Pid::from_raw(process), None) != Err(Errno::ESRCH)
}

impl Start {
    fn now(root: &Path) -> Self {
        let at =
            clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(0, |now| Duration::from(now).as_millis() as i64);
        let changed =
            std::fs::metadata(root.join("dev")).map_or([0; 2], |dev| [dev.mtime(), dev.mtime_nsec()]);
        Self { process: std::process::id().cast_signed(), at, changed, refusals: 0 }
    }

    /// Evaluates a start with the state `now` at the next start.
    fn was_refused(self, now: Self) -> bool {
        (0..AT_ONCE).contains(&(now.at - self.at)) && now.changed == self.changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_an_early_exit_without_a_change_in_dev() {
        let start = Start { process: 7, at: 100_000, changed: [5, 6], refusals: 0 };
        for (lasted, changed, refused) in [
            (1000, [5, 6], true),
            (4999, [5, 6], true),
            (5000, [5, 6], false),
            (1000, [5, 7], false),
            (1000, [6, 6], false),
            // A reboot in between.
            (-1, [5, 6], false),
        ] {
            let now = Start { process: 8, at: start.at + lasted, changed, refusals: 0 };
            assert_eq!(start.was_refused(now), refused, "{now:?}");
        }
    }

    /// The root directory of a machine.
    fn machine() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for directory in ["run", "dev"] {
            std::fs::create_dir(root.path().join(directory)).unwrap();
        }
        root
    }

    #[test]
    fn each_refused_start_doubles_the_backoff() {
        let root = machine();
        assert_eq!(judge_start(root.path()), None, "nothing was started");
        for seconds in [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600] {
            record_start(root.path()).unwrap();
            assert_eq!(judge_start(root.path()), Some(Duration::from_secs(seconds)));
            assert_eq!(judge_start(root.path()), None, "reported only once");
            assert_eq!(current(root.path()), Some(Duration::from_secs(seconds)));
        }
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);

        record_start(root.path()).unwrap();
        std::fs::write(root.path().join("dev/pigerr"), "").unwrap();
        assert_eq!(judge_start(root.path()), None, "it ran");
        record_start(root.path()).unwrap();
        assert_eq!(current(root.path()), None);
        assert_eq!(record_failure(root.path()), Some(FIRST_PAUSE), "a run resets the count");
    }

    #[test]
    fn ignores_an_invalid_record() {
        let root = machine();
        let file = root.path().join("run/lampi-pigpiod.started");
        for nonsense in
            ["", "x", "1 2 3 4", "started 1 2 3 4", "started x 0 0 0 0", "started 99999999999 0 0 0 0"]
        {
            std::fs::write(&file, nonsense).unwrap();
            assert_eq!(judge_start(root.path()), None, "{nonsense:?}");
        }
        std::fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/proc/1/status", &file).unwrap();
        assert_eq!(judge_start(root.path()), None, "a symbolic link");
        record_start(root.path()).unwrap();
        assert!(!file.is_symlink(), "the link is replaced, not followed");
    }
}
