// SPDX-License-Identifier: GPL-3.0-or-later
//! The exit status: 0 for a clean end, 1 for a failure; 2, for a wrong call, is given by the command line parser.

use std::io::Write;
use std::process::ExitCode;

use crate::output;

/// Ends a program: nothing to say and status 0, or the error's chain of causes as one line on stderr and status 1.
///
/// A standard output that nobody reads any more is no failure.
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
    fn only_a_closed_output_is_no_failure() {
        let text = |code: ExitCode| format!("{code:?}");
        let [success, failure] = [ExitCode::SUCCESS, ExitCode::FAILURE].map(text);
        assert_eq!(text(exit_code("test", Ok(()))), success);
        let closed = Err(output::Error::Closed).context("cannot print");
        assert_eq!(text(exit_code("test", closed)), success);
        assert_eq!(text(exit_code("test", Err(anyhow!("anything else")))), failure);
    }
}
