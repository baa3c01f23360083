// SPDX-License-Identifier: GPL-3.0-or-later
//! `supervisor-check`: finds mistakes in Supervisor's configuration before supervisord does.

use std::process::ExitCode;

use clap::Parser;
use supervisor_check::Cli;

fn main() -> ExitCode {
    supervisor_check::run("supervisor-check", &Cli::parse().arguments)
}
