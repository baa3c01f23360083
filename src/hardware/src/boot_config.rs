// SPDX-License-Identifier: GPL-3.0-or-later
//! The configuration that the firmware reads before the kernel starts, config.txt: what it says about the pins of the LEDs,
//! and whether the kernel has PWM on them because of it.

pub mod block;
mod boot;
mod config;
mod error;
mod overlays;
mod state;

use std::path::Path;

pub use boot::Boot;
pub use config::{Config, Conflict, Effect, Use};
pub use error::BootConfigError;
pub use state::{ENABLE, REBOOT, State, without_chip};

/// A command of `lampi pwm`, as one types it for the machine whose root is at `root`.
#[must_use]
pub fn command(command: &str, root: &Path) -> String {
    if root == Path::new("/") {
        format!("sudo {command}")
    } else {
        format!("{command} --root {}", root.display())
    }
}

/// Pins in a sentence.
#[must_use]
pub fn list(pins: &[u8]) -> String {
    let pins: Vec<String> = pins.iter().map(u8::to_string).collect();
    match pins.split_last() {
        Some((last, [])) => format!("GPIO {last}"),
        Some((last, others)) => format!("GPIO {} and {last}", others.join(", ")),
        None => "no GPIO".into(),
    }
}
