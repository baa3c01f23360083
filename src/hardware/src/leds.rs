// SPDX-License-Identifier: GPL-3.0-or-later
//! What drives the LEDs of a lamp, or why nothing does, with the text for all programs that report it.

use std::path::Path;
use std::time::Duration;

use pigpio::{Client, Error, Pin};
use pigpiod::kernel::LEDS;
use pigpiod::{backoff, driver};
use runtime::address::Address;
use system_files::in_root;

use crate::boot_config::State;

/// Supervisor's PATH. That of lampi's caller may be different.
pub const PATH: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The driver that the lamp's daemon selects when it starts.
#[derive(Debug)]
pub enum Driver {
    /// The kernel's PWM.
    Kernel,
    /// The pigpiod at this path.
    Pigpio(String),
    /// Nothing.
    None(Dark),
}

/// Why nothing drives the LEDs.
#[derive(Debug)]
pub struct Dark {
    /// Why no pigpiod does.
    pub reason: String,
    /// Why the kernel does not.
    pub pwm: State,
}

impl Dark {
    /// One sentence for a user of the machine whose root is at `root`.
    #[must_use]
    pub fn sentence(&self, root: &Path) -> String {
        format!("{}, and {}", self.reason, self.pwm.sentence(root))
    }
}

impl Driver {
    /// Determines the driver for the machine whose root is at `root`.
    #[must_use]
    pub fn of(root: &Path) -> Self {
        let path = std::env::join_paths(PATH.map(|directory| in_root(root, directory))).ok();
        match driver::select(root, path.as_deref(), || backoff::current(root)) {
            driver::Driver::Kernel => Self::Kernel,
            driver::Driver::Pigpio { program, .. } => Self::Pigpio(program.display().to_string()),
            driver::Driver::Dark { reason, .. } => Self::None(Dark { reason, pwm: State::of(root) }),
        }
    }

    /// Why the LEDs of the machine whose root is at `root` are dark, if its daemon does not drive them.
    #[must_use]
    pub fn darkness(root: &Path) -> String {
        match Self::of(root) {
            Self::None(dark) => dark.sentence(root),
            // The driver failed, or was installed later.
            Self::Kernel | Self::Pigpio(_) => {
                "the log of pigpiod has the reason; run: lampi logs pigpiod".into()
            }
        }
    }
}

/// Whether the daemon at `address` drives the LEDs.
pub fn are_driven(address: &Address, patience: Duration) -> Result<bool, Error> {
    drives(&mut Client::connect(&address.host, address.port, patience)?)
}

/// As [`are_driven`], for a daemon that is already connected.
pub fn drives(client: &mut Client) -> Result<bool, Error> {
    // It drives all LEDs or none.
    client.drives(LEDS[0].pin as Pin)
}
