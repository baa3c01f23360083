// SPDX-License-Identifier: GPL-3.0-or-later
//! config.txt, which the firmware reads before the kernel starts: what uses the pins of the LEDs, and whether
//! the kernel has PWM on them.

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

/// The command line of a `lampi pwm` command for the machine whose root is at `root`.
#[must_use]
pub fn command(command: &str, root: &Path) -> String {
    if root == Path::new("/") {
        format!("sudo {command}")
    } else {
        format!("{command} --root {}", root.display())
    }
}

/// Pins as text, such as "GPIO 13, 19 and 26".
#[must_use]
pub fn list(pins: &[u8]) -> String {
    let pins: Vec<String> = pins.iter().map(u8::to_string).collect();
    match pins.split_last() {
        Some((last, [])) => format!("GPIO {last}"),
        Some((last, others)) => format!("GPIO {} and {last}", others.join(", ")),
        None => "no GPIO".into(),
    }
}
