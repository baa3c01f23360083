// SPDX-License-Identifier: GPL-3.0-or-later
//! The exit status: 0 for success, 1 for a failure. The command line parser exits with 2 for a usage error.

use std::io::Write;
use std::process::ExitCode;

use crate::output;

/// The exit status of a program. Prints an error with its causes as one line on stderr.
///
/// A standard output that was closed by its reader is not a failure.
#[must_use]
pub fn exit_code(name: &str, result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if matches!(error.downcast_ref(), Some(output::Error::Closed)) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn only_a_closed_output_is_not_a_failure() {
        let text = |code: ExitCode| format!("{code:?}");
        let [success, failure] = [ExitCode::SUCCESS, ExitCode::FAILURE].map(text);
        assert_eq!(text(exit_code("test", Ok(()))), success);
        let closed = Err(output::Error::Closed).context("cannot print");
        assert_eq!(text(exit_code("test", closed)), success);
        assert_eq!(text(exit_code("test", Err(anyhow!("anything else")))), failure);
    }
}
