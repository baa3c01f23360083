// SPDX-License-Identifier: GPL-3.0-or-later
//! The command of the lamp's owner.
//!
//! Each subcommand is a module. They use the lamp's broker ([`broker`]), Supervisor ([`supervisor_client`])
//! and the files below the lamp's root ([`system_files`]).

mod bridge;
mod broker;
mod control;
mod doctor;
mod each;
mod lamp_cmd;
mod light;
mod logs;
mod pwm;
mod status;
mod switch;
mod take_over;
mod user;

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use programs::lampi::{Cli, Verb};

/// Name of the program.
const NAME: &str = "lampi";

fn main() -> ExitCode {
    // The package contains a symbolic link with the name of the course's program.
    let called = std::env::args_os().next().unwrap_or_default();
    if Path::new(&called).file_name() == Some(OsStr::new(lamp_cmd::NAME)) {
        return runtime::exit_code(lamp_cmd::NAME, lamp_cmd::run(&programs::lamp_cmd::Cli::parse()));
    }
    match run(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => runtime::exit_code(NAME, Err(error)),
    }
}

fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    match &cli.verb {
        Verb::Status(args) => status::run(args)?,
        Verb::Set(args) => light::set(args)?,
        Verb::Get(args) => light::get(args)?,
        Verb::Doctor(args) => return doctor::run(args),
        Verb::Disable(args) => return switch::run("disable", args, switch::disable),
        Verb::Enable(args) => return switch::run("enable", args, switch::enable),
        Verb::Start(args) => return Ok(each::program(args, control::start)),
        Verb::Stop(args) => return Ok(each::program(args, control::stop)),
        Verb::Restart(args) => return Ok(each::program(args, control::restart)),
        Verb::Update(args) => return Ok(each::program(args, control::update)),
        Verb::User(args) => user::run(args)?,
        Verb::Logs(args) => logs::run(args)?,
        Verb::Bridge(args) => bridge::run(args)?,
        Verb::Pwm(args) => return pwm::run(args),
        Verb::TakeOver(args) => return take_over::run(args),
    }
    Ok(ExitCode::SUCCESS)
}
