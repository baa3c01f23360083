// SPDX-License-Identifier: GPL-3.0-or-later
//! Log lines on stderr, and limits that keep a repeated error from filling the disk.

use std::io::Write;
use std::time::{Duration, Instant, SystemTime};

use log::{LevelFilter, Log, Metadata, Record, warn};

/// Minimum time between two lines of a [`RateLimitedLog`].
const BETWEEN: Duration = Duration::from_secs(1);

/// Writes `2026-01-31T12:00:00Z NAME: text` to stderr, which Supervisor redirects to the log.
///
/// Supervisor adds no time.
struct StderrLog {
    name: &'static str,
}

impl Log for StderrLog {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }

    fn log(&self, record: &Record) {
        let now = humantime::format_rfc3339_seconds(SystemTime::now());
        // One write per line keeps lines whole. The program continues without a stderr.
        let line = format!("{now} {}: {}\n", self.name, record.args());
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

/// Writes the messages of the `log` macros, up to `level`, to stderr under the program's `name`.
///
/// Later calls change only the level.
pub fn start_logging(name: &'static str, level: LevelFilter) {
    // It fails only if a logger is set already.
    let _ = log::set_boxed_logger(Box::new(StderrLog { name }));
    log::set_max_level(level);
}

/// Warnings that others can cause: at most one per second, with the number of suppressed ones.
#[derive(Debug, Default)]
pub struct RateLimitedLog {
    last: Option<Instant>,
    suppressed: u32,
}

impl RateLimitedLog {
    /// Logs `text`, unless the previous line is less than a second old.
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
            suppressed => format!("{text} ({suppressed} earlier warnings suppressed)"),
        };
        *self = Self { last: Some(now), suppressed: 0 };
        Some(line)
    }
}

/// Warnings about failed attempts: one for each new reason, not for each attempt.
#[derive(Debug, Default)]
pub struct OnChangeLog {
    last: String,
}

impl OnChangeLog {
    /// Logs `text`, unless it is the same as the last one.
    pub fn warn(&mut self, text: &str) {
        if self.is_new(text) {
            warn!("{text}");
        }
    }

    /// Has the next reason logged, whatever it is. Call it after a success.
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
    fn logs_one_line_per_second_and_counts_the_others() {
        let start = Instant::now();
        let mut log = RateLimitedLog::default();
        assert_eq!(log.line("a", start).as_deref(), Some("a"));
        assert_eq!(log.line("b", start), None);
        assert_eq!(log.line("c", start + BETWEEN / 2), None);
        assert_eq!(log.line("d", start + BETWEEN).as_deref(), Some("d (2 earlier warnings suppressed)"));
        assert_eq!(log.line("e", start + BETWEEN * 2).as_deref(), Some("e"));
    }

    #[test]
    fn logs_a_reason_again_after_another_one_and_after_a_success() {
        let mut log = OnChangeLog::default();
        assert_eq!(["a", "a", "b", "a"].map(|text| log.is_new(text)), [true, false, true, true]);
        log.reset();
        assert!(log.is_new("a"));
    }
}
