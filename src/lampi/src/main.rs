// SPDX-License-Identifier: GPL-3.0-or-later
//! The command of the lamp's owner.
//!
//! Each order has a module of its own, which asks those whom it concerns: the lamp's broker ([`broker`]), Supervisor
//! ([`supervisor`]), the files below the lamp's root ([`system_files`]).

mod bridge;
mod broker;
mod cli;
mod control;
mod doctor;
mod dpkg;
mod leds;
mod light;
mod logs;
mod output;
mod peers;
mod pwm;
mod status;
mod supervisor;
mod switch;
mod take_over;
mod words;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Order};

/// Name of the program.
const NAME: &str = "lampi";

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(code) => code,
        Err(error) if error.is::<output::Unread>() => ExitCode::SUCCESS,
        Err(error) => runtime::exit_code(NAME, Err(error)),
    }
}

fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    match &cli.order {
        Order::Status(order) => status::run(order)?,
        Order::Set(order) => light::set(order)?,
        Order::Get(order) => light::get(order)?,
        Order::Doctor(order) => return doctor::run(order),
        Order::Disable(order) => switch::disable(order)?,
        Order::Enable(order) => switch::enable(order)?,
        Order::Start(order) => control::start(order)?,
        Order::Stop(order) => control::stop(order)?,
        Order::Restart(order) => control::restart(order)?,
        Order::Update(order) => control::update(order)?,
        Order::Logs(order) => logs::run(order)?,
        Order::Bridge(order) => bridge::run(order)?,
        Order::Pwm(order) => return pwm::run(order),
        Order::TakeOver(order) => return take_over::run(order),
    }
    Ok(ExitCode::SUCCESS)
}
