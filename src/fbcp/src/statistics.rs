// SPDX-License-Identifier: GPL-3.0-or-later
//! The cost of copying, in one line.

use std::fmt;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// Counters since the start of the program.
pub(crate) struct Statistics {
    start: Instant,
    polls: u64,
    frames: u64,
    rows: u64,
    bytes: u64,
}

impl Statistics {
    /// Nothing has happened yet.
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), polls: 0, frames: 0, rows: 0, bytes: 0 }
    }

    /// Adds a poll of the source that stored these numbers of rows and bytes.
    pub(crate) fn add(&mut self, rows: usize, bytes: usize) {
        self.polls += 1;
        self.frames += u64::from(rows > 0);
        self.rows += rows as u64;
        self.bytes += bytes as u64;
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, polls, frames, rows, bytes } = self;
        let seconds = start.elapsed().as_secs_f64();
        let busy = processor_time().as_secs_f64() / seconds * 100.0;
        write!(
            f,
            "in {seconds:.1} s: {polls} polls, {frames} frames stored in {rows} rows of {bytes} bytes, \
             {busy:.2} % of a processor"
        )
    }
}

fn processor_time() -> Duration {
    getrusage(UsageWho::RUSAGE_SELF).map_or(Duration::ZERO, |usage| {
        [usage.user_time(), usage.system_time()]
            .map(|time| {
                Duration::from_micros(
                    u64::try_from(nix::sys::time::TimeValLike::num_microseconds(&time)).unwrap_or(0),
                )
            })
            .iter()
            .sum()
    })
}
