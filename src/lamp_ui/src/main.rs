// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp's touch screen.
//!
//! Touch and MQTT change the [`model`], the [`face`] shows the model and draws what changed, the [`screen`] stores
//! that to the framebuffer, and [`app`] sleeps until there is something to do.

mod app;
mod cli;
mod face;
mod model;
mod paint;
mod scene;
mod screen;
mod snapshot;
mod touch;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use lamp::state::LampState;

use cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    program::start_logging("lamp_ui", log::LevelFilter::Info);
    let result = if let Some(path) = &cli.snapshot {
        let state = cli.state.as_deref().map_or_else(LampState::default, |json| {
            LampState::from_json(json.as_bytes()).unwrap_or_else(|error| wrong_call("--state", &error))
        });
        snapshot::write(path, cli.size, &state)
    } else {
        let geometry = cli.geometry.as_deref().map(|text| {
            text.parse().unwrap_or_else(|error: framebuffer::Error| wrong_call("--geometry", &error))
        });
        app::run(&cli, geometry)
    };
    program::exit_code("lamp_ui", result)
}

/// Ends the program as the parser does for values that it refuses itself.
fn wrong_call(option: &str, error: &dyn std::error::Error) -> ! {
    Cli::command().error(ErrorKind::ValueValidation, format!("invalid value for '{option}': {error}")).exit()
}
