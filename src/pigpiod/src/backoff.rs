// SPDX-License-Identifier: GPL-3.0-or-later
//! The backoff between attempts to start pigpio's own daemon: a record of the last start, and whether it refused to run.
//!
//! A daemon that refuses this board ends at once, and Supervisor calls again. How it ended nobody can tell by then: it may
//! have been stopped a moment after its start, too. So two things must come together: it ended within `AT_ONCE`, and nothing
//! was made or removed in /dev since, where a pigpiod that comes to run makes /dev/pigerr last of all, whatever its options.
//!
//! A refusal is believed for a while, and for twice as long each time in a row; then pigpio's own daemon is tried again. So a
//! mistake, a daemon that could not start for a moment, or one that was repaired meanwhile, costs seconds of light and not the
//! light until somebody comes to look; and a board that is always refused is left alone for most of the time.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use system_files::{Access, Place};

/// Milliseconds; far longer than a refusal takes, Supervisor's pause before its next call included.
const AT_ONCE: i64 = 5000;

/// For how long the first refusal is believed, and the longest that any is.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// The file, in a directory that is empty after a boot. Everybody may read it, as everybody may ask why the lamp is dark.
const FILE: &str = "/run/lampi-pigpiod.started";

/// A start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Start {
    process: i32,
    /// Milliseconds after the machine was started, also while it slept.
    at: i64,
    /// When something was last made or removed in /dev, as it was then.
    changed: [i64; 2],
    /// How many starts in a row were refused before it.
    refusals: u32,
}

/// What is known of the last start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Record {
    /// It is not judged yet.
    Started(Start),
    /// So many starts in a row were refused, and it was the last of them.
    Refused(u32),
}

/// Records that this process is about to become pigpio's own daemon.
pub fn record_start(root: &Path) -> Result<(), system_files::Error> {
    // What ran in between was this daemon, in its place.
    let refusals = if let Some(Record::Refused(refusals)) = read(root) { refusals } else { 0 };
    write(root, Record::Started(Start { refusals, ..Start::now(root) }))
}

/// Whether pigpio's own daemon refused to run when it was started last, and for how long that is believed. Asked again, it says
/// no: that start is judged.
#[must_use]
pub fn judge_start(root: &Path) -> Option<Duration> {
    // Without a file that can be believed, the daemon has its chance.
    let Some(Record::Started(start)) = read(root) else { return None };
    if is_alive(start.process) || !start.was_refused(Start::now(root)) {
        return None;
    }
    Some(refused(root, start))
}

/// Records that the program of the last start could not be executed. Returns for how long that is believed.
#[must_use]
pub fn record_failure(root: &Path) -> Option<Duration> {
    match read(root)? {
        Record::Started(start) => Some(refused(root, start)),
        Record::Refused(_) => None,
    }
}

/// For how long pigpio's own daemon is believed to refuse, if it is. This only looks.
#[must_use]
pub fn current(root: &Path) -> Option<Duration> {
    match read(root)? {
        Record::Refused(refusals) => Some(pause(refusals.saturating_sub(1))),
        Record::Started(_) => None,
    }
}

fn refused(root: &Path, start: Start) -> Duration {
    // A file that cannot be written says the same for a few seconds more.
    let _ = write(root, Record::Refused(start.refusals.saturating_add(1)));
    pause(start.refusals)
}

/// For how long a refusal is believed after `earlier` ones in a row.
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

/// `None` without a file, or with one that is not as this program writes it.
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
    // Supervisor reaps its children, so that a number that answers is a process.
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

    /// Judged by what is so now, at the next start.
    fn was_refused(self, now: Self) -> bool {
        (0..AT_ONCE).contains(&(now.at - self.at)) && now.changed == self.changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_ended_at_once_and_never_ran_has_refused() {
        let start = Start { process: 7, at: 100_000, changed: [5, 6], refusals: 0 };
        for (lasted, changed, refused) in [
            (1000, [5, 6], true),
            (4999, [5, 6], true),
            (5000, [5, 6], false),
            (1000, [5, 7], false),
            (1000, [6, 6], false),
            // Another boot.
            (-1, [5, 6], false),
        ] {
            let now = Start { process: 8, at: start.at + lasted, changed, refusals: 0 };
            assert_eq!(start.was_refused(now), refused, "{now:?}");
        }
    }

    /// A directory that looks like a machine's root.
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
            assert_eq!(judge_start(root.path()), None, "it is judged");
            assert_eq!(current(root.path()), Some(Duration::from_secs(seconds)));
        }
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);

        record_start(root.path()).unwrap();
        std::fs::write(root.path().join("dev/pigerr"), "").unwrap();
        assert_eq!(judge_start(root.path()), None, "it came to run");
        record_start(root.path()).unwrap();
        assert_eq!(current(root.path()), None);
        assert_eq!(record_failure(root.path()), Some(FIRST_PAUSE), "what was before it ran no longer counts");
    }

    #[test]
    fn a_file_that_is_not_ours_says_nothing() {
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
        assert_eq!(judge_start(root.path()), None, "a link");
        record_start(root.path()).unwrap();
        assert!(!file.is_symlink(), "it is replaced, not followed");
    }
}
