// SPDX-License-Identifier: GPL-3.0-or-later
//! Log lines on stderr, and what keeps a mistake that is made again and again from filling the disk with them.

use std::io::Write;
use std::time::{Duration, Instant, SystemTime};

use log::{LevelFilter, Log, Metadata, Record, warn};

/// Time between two lines of a [`RateLimitedLog`].
const BETWEEN: Duration = Duration::from_secs(1);

/// Writes `2026-01-31T12:00:00Z NAME: text` to stderr, where Supervisor collects it.
///
/// The time is part of the line because Supervisor adds none.
struct StderrLog {
    name: &'static str,
}

impl Log for StderrLog {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }

    fn log(&self, record: &Record) {
        let now = humantime::format_rfc3339_seconds(SystemTime::now());
        // One write per line keeps lines whole; a closed stderr is no reason to stop lighting the lamp.
        let line = format!("{now} {}: {}\n", self.name, record.args());
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

/// Sends what the `log` macros say, up to `level`, to stderr under the program's `name`.
///
/// The first call decides; later ones change nothing but the level.
pub fn start_logging(name: &'static str, level: LevelFilter) {
    // Only a second call can fail, and then the first logger goes on.
    let _ = log::set_boxed_logger(Box::new(StderrLog { name }));
    log::set_max_level(level);
}

/// Warnings about what others do: at most one a second, with the number of those that were left out before it.
#[derive(Debug, Default)]
pub struct RateLimitedLog {
    last: Option<Instant>,
    suppressed: u32,
}

impl RateLimitedLog {
    /// Logs `text`, if the last line is a second old.
    pub fn warn(&mut self, text: &str) {
        if let Some(line) = self.line(text, Instant::now()) {
            warn!("{line}");
        }
    }

    fn line(&mut self, text: &str, now: Instant) -> Option<String> {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) < BETWEEN) {
            self.suppressed = self.suppressed.saturating_add(1);
            return None;
        }
        let line = match self.suppressed {
            0 => text.to_owned(),
            suppressed => format!("{text} (and {suppressed} more before)"),
        };
        *self = Self { last: Some(now), suppressed: 0 };
        Some(line)
    }
}

/// Warnings about what is tried again and again: one for each new reason, and not for each attempt.
#[derive(Debug, Default)]
pub struct OnChangeLog {
    last: String,
}

impl OnChangeLog {
    /// Logs `text`, unless it was the last that was logged.
    pub fn warn(&mut self, text: &str) {
        if self.is_new(text) {
            warn!("{text}");
        }
    }

    /// To be called after a success: the next reason is logged again, whatever it is.
    pub fn reset(&mut self) {
        self.last.clear();
    }

    fn is_new(&mut self, text: &str) -> bool {
        let is_new = text != self.last;
        if is_new {
            text.clone_into(&mut self.last);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_counts_those_left_out() {
        let start = Instant::now();
        let mut log = RateLimitedLog::default();
        assert_eq!(log.line("a", start).as_deref(), Some("a"));
        assert_eq!(log.line("b", start), None);
        assert_eq!(log.line("c", start + BETWEEN / 2), None);
        assert_eq!(log.line("d", start + BETWEEN).as_deref(), Some("d (and 2 more before)"));
        assert_eq!(log.line("e", start + BETWEEN * 2).as_deref(), Some("e"));
    }

    #[test]
    fn a_reason_is_new_after_another_and_after_a_success() {
        let mut log = OnChangeLog::default();
        assert_eq!(["a", "a", "b", "a"].map(|text| log.is_new(text)), [true, false, true, true]);
        log.reset();
        assert!(log.is_new("a"));
    }
}
