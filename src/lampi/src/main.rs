// SPDX-License-Identifier: GPL-3.0-or-later
//! The command of the lamp's owner.

mod cli;
mod doctor;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Order};

/// Name of the program.
const NAME: &str = "lampi";

fn main() -> ExitCode {
    run(&Cli::parse()).unwrap_or_else(|error| program::exit_code(NAME, Err(error)))
}

fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    match &cli.order {
        Order::Doctor(order) => doctor::run(order),
        order => anyhow::bail!("{order:?} is not known yet"),
    }
}
