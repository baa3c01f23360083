// SPDX-License-Identifier: GPL-3.0-or-later
//! What drives the LEDs of a lamp, or why nothing does, in the same words for every part that reports it.

use std::path::Path;
use std::time::Duration;

use pigpio::{Client, Error, Pin};
use pigpiod::kernel::LEDS;
use pigpiod::{backoff, driver};
use runtime::address::Address;
use system_files::in_root;

use crate::boot_config::State;

/// Where Supervisor looks for programs. The PATH of whoever calls lampi may be another.
pub const PATH: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What the lamp's daemon finds when it starts.
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
    /// Why it is not a pigpiod.
    pub reason: String,
    /// Why it is not the kernel.
    pub pwm: State,
}

impl Dark {
    /// One sentence for who works on the machine whose root is at `root`.
    #[must_use]
    pub fn sentence(&self, root: &Path) -> String {
        format!("{}, and {}", self.reason, self.pwm.sentence(root))
    }
}

impl Driver {
    /// That of the machine whose root is at `root`.
    #[must_use]
    pub fn of(root: &Path) -> Self {
        let path = std::env::join_paths(PATH.map(|folder| in_root(root, folder))).ok();
        match driver::select(root, path.as_deref(), || backoff::current(root)) {
            driver::Driver::Kernel => Self::Kernel,
            driver::Driver::Pigpio { program, .. } => Self::Pigpio(program.display().to_string()),
            driver::Driver::Dark { reason, .. } => Self::None(Dark { reason, pwm: State::of(root) }),
        }
    }

    /// Why the LEDs of the machine whose root is at `root` are dark, when its daemon does not drive them.
    #[must_use]
    pub fn darkness(root: &Path) -> String {
        match Self::of(root) {
            Self::None(dark) => dark.sentence(root),
            // What is to drive them did not, or has come since.
            Self::Kernel | Self::Pigpio(_) => "the log of pigpiod says why; run: lampi logs pigpiod".into(),
        }
    }
}

/// Whether the daemon at `address` drives the LEDs.
pub fn are_driven(address: &Address, patience: Duration) -> Result<bool, Error> {
    drives(&mut Client::connect(&address.host, address.port, patience)?)
}

/// The same, of a daemon that is connected already.
pub fn drives(client: &mut Client) -> Result<bool, Error> {
    // It drives all of them or none.
    client.drives(LEDS[0].pin as Pin)
}
