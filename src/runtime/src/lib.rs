// SPDX-License-Identifier: GPL-3.0-or-later
//! What every program of the lamp does alike: log lines on stderr, one line for an error, the exit status, how an address is
//! written, and threads that wait for a peer.
//!
//! Exit statuses: 0 for a clean end, 1 for a failure; 2, for a wrong call, is given by the command line parser.

pub mod address;
pub mod backoff;
pub mod thread;

use std::io::Write;
use std::process::ExitCode;
use std::time::SystemTime;

use log::{LevelFilter, Log, Metadata, Record};

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

/// Ends a program: nothing to say and status 0, or the error's chain of causes as one line on stderr and status 1.
#[must_use]
pub fn exit_code(name: &str, result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
