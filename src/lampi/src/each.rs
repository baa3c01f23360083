// SPDX-License-Identifier: GPL-3.0-or-later
//! Subcommands for several programs.

use std::path::Path;
use std::process::ExitCode;

use programs::Program;
use programs::lampi::ProgramArgs;

use crate::NAME;

/// Calls `treat` for each program, in the order of the command line. If one fails, it prints the error,
/// continues with the others, and returns exit status 1.
pub(crate) fn program(args: &ProgramArgs, treat: impl Fn(Program, &Path) -> anyhow::Result<()>) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for program in &args.programs {
        if let Err(error) = treat(*program, &args.root) {
            code = runtime::exit_code(NAME, Err(error));
        }
    }
    code
}
