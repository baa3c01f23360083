// SPDX-License-Identifier: GPL-3.0-or-later
//! The configuration that the firmware reads before the kernel starts, config.txt: what it says of the pins of the LEDs, and
//! whether the kernel has PWM on them by it.

pub(crate) mod block;
mod boot;
mod config;
mod overlays;
mod state;

use std::path::Path;

pub(crate) use boot::Boot;
pub(crate) use state::{ENABLE, REBOOT, State, without_chip};

/// An order of `lampi pwm`, as it is typed for the machine whose root is at `root`.
pub(crate) fn command(order: &str, root: &Path) -> String {
    if root == Path::new("/") {
        format!("sudo {order}")
    } else {
        format!("{order} --root {}", root.display())
    }
}

/// Pins in a sentence.
pub(crate) fn list(pins: &[u8]) -> String {
    let pins: Vec<String> = pins.iter().map(u8::to_string).collect();
    match pins.split_last() {
        Some((last, [])) => format!("GPIO {last}"),
        Some((last, others)) => format!("GPIO {} and {last}", others.join(", ")),
        None => "no GPIO".into(),
    }
}
