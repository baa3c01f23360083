// SPDX-License-Identifier: GPL-3.0-or-later
//! `supervisor-check`: checks Supervisor's configuration for mistakes.

use std::process::ExitCode;

use clap::Parser;
use supervisor_check::Cli;

fn main() -> ExitCode {
    supervisor_check::run("supervisor-check", &Cli::parse().arguments)
}
