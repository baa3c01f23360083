// SPDX-License-Identifier: GPL-3.0-or-later
//! When to poll the source next.

use std::time::{Duration, Instant};

/// How long the screen must be still before fbcp polls less often. It is long enough for a finger that rests
/// on a slider and for a blinking cursor.
const STILL_AFTER: Duration = Duration::from_secs(2);

/// The time between polls of a still screen. The mean delay of a change is 62 ms, which is below the 100 ms
/// that people perceive as immediate.
const STILL_INTERVAL: Duration = Duration::from_millis(125);

/// The times of the polls: evenly spaced, at full rate while the screen changes.
pub(crate) struct PollTimer {
    interval: Duration,
    last_poll: Instant,
    last_change: Instant,
    still: bool,
}

impl PollTimer {
    /// Creates a timer of at most `fps` polls a second, starting `now`.
    pub(crate) fn new(fps: u32, now: Instant) -> Self {
        Self { interval: Duration::from_secs(1) / fps, last_poll: now, last_change: now, still: false }
    }

    /// The time of the next poll, after a poll that ended at `now` and detected a change or none.
    pub(crate) fn next(&mut self, changed: bool, now: Instant) -> Instant {
        if changed {
            self.last_change = now;
        }
        self.still = now.duration_since(self.last_change) >= STILL_AFTER;
        let interval = if self.still { self.interval.max(STILL_INTERVAL) } else { self.interval };
        // After a poll that took longer than the interval, the next follows at once. Missed polls are not
        // repeated.
        self.last_poll = (self.last_poll + interval).max(now);
        self.last_poll
    }

    /// Whether the screen is still, so that a sampled poll is enough.
    pub(crate) const fn is_still(&self) -> bool {
        self.still
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn polls_a_changing_screen_evenly() {
        let start = Instant::now();
        let mut timer = PollTimer::new(25, start);
        assert_eq!(timer.next(true, start + 10 * MS), start + 40 * MS);
        assert_eq!(timer.next(true, start + 43 * MS), start + 80 * MS);
        assert_eq!(timer.next(true, start + 200 * MS), start + 200 * MS, "late: at once");
        assert_eq!(timer.next(true, start + 201 * MS), start + 240 * MS, "and not twice");
    }

    #[test]
    fn polls_a_still_screen_eight_times_a_second() {
        let start = Instant::now();
        let mut timer = PollTimer::new(25, start);
        let mut now = start;
        let mut polls = 0;
        while now < start + STILL_AFTER {
            now = timer.next(false, now);
            polls += 1;
        }
        assert_eq!(polls, 50);
        assert!(!timer.is_still());
        assert_eq!(timer.next(false, now), now + STILL_INTERVAL);
        assert!(timer.is_still());
        let seen = now + STILL_INTERVAL;
        assert_eq!(timer.next(true, seen), seen + 40 * MS, "full rate from the first change");
        assert!(!timer.is_still());
    }

    #[test]
    fn keeps_a_low_rate_on_a_still_screen() {
        let start = Instant::now();
        let mut timer = PollTimer::new(2, start);
        let much_later = start + 10 * STILL_AFTER;
        assert_eq!(timer.next(false, much_later), much_later);
        assert_eq!(timer.next(false, much_later), much_later + 500 * MS);
    }
}
