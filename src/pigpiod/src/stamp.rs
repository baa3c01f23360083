// SPDX-License-Identifier: GPL-3.0-or-later
//! What is remembered of the last start of pigpio's own daemon, and whether it refused to run.
//!
//! A daemon that refuses this board ends at once, and Supervisor calls again. How it ended nobody can tell by then: it may
//! have been stopped a moment after its start, too. So two things must come together: it ended within [`AT_ONCE`], and nothing
//! was made or removed in /dev since, where a pigpiod that comes to run makes /dev/pigerr last of all, whatever its options.
//!
//! A refusal is believed for one start. The one after that tries again, so that a mistake, or a daemon that was repaired
//! meanwhile, costs one more restart and never the light for good. On a board that is refused each time, only every second
//! start by hand costs a moment.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use system_files::{Place, ROOT_ONLY};

/// Milliseconds; far longer than a refusal takes, Supervisor's pause before its next call included.
const AT_ONCE: i64 = 5000;

/// The file, in a folder that is empty after a boot.
const FILE: &str = "/run/lampi-pigpiod.started";

/// A start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Start {
    process: i32,
    /// Milliseconds after the machine was started, also while it slept.
    at: i64,
    /// When something was last made or removed in /dev, as it was then.
    changed: [i64; 2],
}

/// Remembers that this process is about to become pigpio's own daemon.
pub fn remember(root: &Path) -> anyhow::Result<()> {
    let Start { process, at, changed: [seconds, nanoseconds] } = Start::now(root);
    let text = format!("{process} {at} {seconds} {nanoseconds}\n");
    Place::below(root, FILE)?.write(text.as_bytes(), ROOT_ONLY)
}

/// Whether pigpio's own daemon refused to run when it was started last. If so, that is forgotten.
pub fn take_refusal(root: &Path) -> bool {
    // Without a file that can be believed, the daemon has its chance.
    let Ok(Some(start)) = read(root) else { return false };
    let refused = start.was_refused(Start::now(root)) && !is_alive(start.process);
    if refused {
        // A file that cannot be removed says the same for a few seconds more.
        let _ = Place::below(root, FILE).and_then(|place| place.remove());
    }
    refused
}

fn read(root: &Path) -> anyhow::Result<Option<Start>> {
    let Some(found) = Place::below(root, FILE)?.read()? else { return Ok(None) };
    let text = String::from_utf8(found.content)?;
    let numbers: Vec<i64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [process, at, seconds, nanoseconds] = numbers[..] else { return Ok(None) };
    Ok(Some(Start { process: process.try_into().context(FILE)?, at, changed: [seconds, nanoseconds] }))
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
        Self { process: std::process::id().cast_signed(), at, changed }
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
        let start = Start { process: 7, at: 100_000, changed: [5, 6] };
        for (lasted, changed, refused) in [
            (1000, [5, 6], true),
            (4999, [5, 6], true),
            (5000, [5, 6], false),
            (1000, [5, 7], false),
            (1000, [6, 6], false),
            // Another boot.
            (-1, [5, 6], false),
        ] {
            let now = Start { process: 8, at: start.at + lasted, changed };
            assert_eq!(start.was_refused(now), refused, "{now:?}");
        }
    }

    #[test]
    fn a_refusal_is_believed_once() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["run", "dev"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        assert!(!take_refusal(root.path()), "nothing was started");
        remember(root.path()).unwrap();
        assert!(take_refusal(root.path()));
        assert!(!take_refusal(root.path()), "it is forgotten");

        remember(root.path()).unwrap();
        std::fs::write(root.path().join("dev/pigerr"), "").unwrap();
        assert!(!take_refusal(root.path()), "it came to run");

        let file = root.path().join("run/lampi-pigpiod.started");
        for nonsense in ["", "x", "1 2 3", "1 2 3 4 5", "99999999999 0 0 0"] {
            std::fs::write(&file, nonsense).unwrap();
            assert!(!take_refusal(root.path()), "{nonsense:?}");
        }
        std::fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/proc/1/status", &file).unwrap();
        assert!(!take_refusal(root.path()), "a link");
        remember(root.path()).unwrap();
        assert!(!file.is_symlink(), "it is replaced, not followed");
    }
}
