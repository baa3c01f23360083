// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line of the checker, for the program `supervisor-check` and for programs with it as a
//! subcommand. The library supervisor-conf contains the checks.
//!
//! `inputs` converts arguments to sets of inputs, one for each supervisord; `format` prints the findings.

mod arguments;
mod counts;
mod explain;
mod format;
mod inputs;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use supervisor_conf::{Finding, Host, Severity, check_readable};

pub use arguments::{Arguments, Cli};
use counts::Counts;
pub use explain::explanation;
use inputs::Set;

/// Exit status for a usage error and for an input that cannot be read.
const WRONG: u8 = 2;

/// The result of all checks.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub findings: Vec<Finding>,
    /// Unreadable inputs, with the reason.
    pub unreadable: Vec<(String, String)>,
    /// Number of files read.
    pub files: usize,
}

/// Checks the inputs in `arguments` and prints the findings. `program` is the program's name in messages.
#[must_use]
pub fn run(program: &str, arguments: &Arguments) -> ExitCode {
    if let Some(code) = arguments.explain {
        return end(program, print(&explanation(code)), 0);
    }
    if let Err(error) = arguments.validate() {
        let _ = writeln!(io::stderr(), "{program}: {error}");
        return WRONG.into();
    }
    let outcome = check(arguments);
    let printed = print(&format::render(&outcome, arguments));
    let counts = Counts::of(&outcome);
    let mut stderr = io::stderr();
    for (name, error) in &outcome.unreadable {
        let _ = writeln!(stderr, "{program}: cannot read {name}: {error}");
    }
    if counts.has_any() || stderr.is_terminal() {
        let _ = writeln!(stderr, "{counts}");
    }
    let is_bad = counts.errors > 0 || (arguments.strict && counts.warnings > 0);
    let status = if outcome.unreadable.is_empty() { u8::from(is_bad) } else { WRONG };
    end(program, printed, status)
}

fn check(arguments: &Arguments) -> Outcome {
    let host = arguments.host();
    let mut outcome = Outcome::default();
    for Set { inputs, unreadable } in inputs::sets(arguments) {
        outcome.unreadable.extend(unreadable);
        let report = check_one(&inputs, &host);
        outcome.files += report.files;
        outcome.findings.extend(report.findings);
        outcome.unreadable.extend(report.unreadable);
    }
    outcome.findings.retain(|finding| !arguments.disable.contains(&finding.code));
    outcome
}

/// Checks the inputs of one supervisord.
fn check_one(inputs: &[supervisor_conf::Input], host: &Host) -> Outcome {
    let report = check_readable(inputs, host);
    let unreadable = report.unreadable.iter().map(|file| {
        let reason = std::error::Error::source(file).map(ToString::to_string).unwrap_or_default();
        (file.path().display().to_string(), inputs::reason(&reason))
    });
    Outcome { unreadable: unreadable.collect(), files: report.files.len(), findings: report.findings }
}

/// Prints to standard output. A closed pipe is not an error.
fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn end(program: &str, printed: io::Result<()>, status: u8) -> ExitCode {
    match printed {
        Ok(()) => status.into(),
        Err(error) => {
            let _ = writeln!(io::stderr(), "{program}: cannot write to standard output: {error}");
            WRONG.into()
        }
    }
}

/// The name of a severity in a SARIF report.
pub(crate) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "note",
    }
}
