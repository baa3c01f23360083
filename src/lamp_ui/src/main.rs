// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp's touch screen.
//!
//! Touch and MQTT change the [`model`]; the [`view`] shows the model and draws what changed; the [`display`]
//! stores that to the [`screen`]; [`app`] sleeps until there is something to do. The touch and screen
//! settings of the user's Kivy configuration apply.
//!
//! The program controls the lamp through MQTT, and reads the button and the state of the LEDs from pigpiod.
//! It never sets an LED and stores no state of the lamp.

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
            LampState::from_json(json.as_bytes()).unwrap_or_else(|error| usage_error("--state", &error))
        });
        snapshot::write(path, cli.size, cli.page, &state)
    } else {
        let geometry = cli.geometry.as_deref().map(|text| {
            text.parse().unwrap_or_else(|error: framebuffer::Error| usage_error("--geometry", &error))
        });
        let kivy = Kivy::load(std::env::vars_os().filter_map(|(name, value)| {
            // A variable that is not UTF-8 is not one of these overrides.
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

/// Ends the program like the parser does for invalid values.
fn usage_error(option: &str, error: &dyn std::error::Error) -> ! {
    Cli::command().error(ErrorKind::ValueValidation, format!("invalid value for '{option}': {error}")).exit()
}
