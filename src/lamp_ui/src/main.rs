// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp's touch screen.
//!
//! Touch and MQTT change the [`model`], the [`view`] shows the model and draws what changed, the [`display`] stores
//! that to the [`screen`], and [`app`] sleeps until there is something to do. What the user's Kivy configuration
//! says of touch and screen is honoured.
//!
//! It knows the lamp by the MQTT contract, and asks pigpiod for the button and whether the LEDs can be driven. It never sets an
//! LED, and keeps no state of the lamp.

mod app;
mod broker;
mod button;
mod desktop;
mod device_info;
mod display;
mod images;
mod leds;
mod long_press;
mod model;
mod scene;
mod screen;
mod search;
mod snapshot;
mod status;
mod touch;
mod touch_test;
mod view;
#[cfg_attr(not(feature = "desktop"), path = "no_window.rs")]
mod window;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use kivy_conf::Kivy;
use lamp::state::LampState;

use programs::lamp_ui::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    runtime::start_logging("lamp_ui", log::LevelFilter::Info);
    let result = if let Some(path) = &cli.snapshot {
        let state = cli.state.as_deref().map_or_else(LampState::default, |json| {
            LampState::from_json(json.as_bytes()).unwrap_or_else(|error| wrong_call("--state", &error))
        });
        snapshot::write(path, cli.size, cli.page, &state)
    } else {
        let geometry = cli.geometry.as_deref().map(|text| {
            text.parse().unwrap_or_else(|error: framebuffer::Error| wrong_call("--geometry", &error))
        });
        let kivy = Kivy::load(std::env::vars_os().filter_map(|(name, value)| {
            // What is no text is no override of ours.
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }));
        log::set_max_level(kivy.log_level.unwrap_or(log::LevelFilter::Info));
        for warning in &kivy.warnings {
            log::warn!("Kivy configuration: {warning}");
        }
        if cli.touch_test { touch_test::run(&cli, geometry, kivy) } else { app::run(&cli, geometry, kivy) }
    };
    runtime::exit_code("lamp_ui", result)
}

/// Ends the program as the parser does for values that it refuses itself.
fn wrong_call(option: &str, error: &dyn std::error::Error) -> ! {
    Cli::command().error(ErrorKind::ValueValidation, format!("invalid value for '{option}': {error}")).exit()
}
