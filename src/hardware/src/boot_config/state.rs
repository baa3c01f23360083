// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether the kernel has PWM on the pins of the LEDs, now or after a reboot, with the text for all programs
//! that report it.

use std::path::Path;

use pigpiod::kernel::{Files, missing};
use programs::pins;

use super::boot::{Boot, must_have_driver};
use super::config::Config;
use super::error::BootConfigError;
use super::{block, command, list};

/// The command that writes the lines, as root.
pub const ENABLE: &str = "lampi pwm enable";

/// The command that makes the firmware read them, as root.
pub const REBOOT: &str = "reboot";

/// The state of the kernel's PWM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The kernel drives all three pins, and config.txt has the lines for it.
    Driven,
    /// The kernel drives all three pins, but config.txt lacks lines, or cannot be read.
    DrivenUntilReboot,
    /// config.txt has all lines but was changed after the machine started, or the machine does not run.
    RebootOutstanding,
    /// config.txt had all lines when the machine started, but these pins have no PWM chip.
    Failed(Vec<u8>),
    /// config.txt lacks lines for these pins.
    NotEnabled(Vec<u8>),
    /// Something in config.txt must be removed first.
    Unusable(String),
    /// The kernel has no PWM, for this reason.
    Lacking(String),
    /// config.txt cannot be found or read, for this reason.
    Unknown(String),
}

impl State {
    /// Determines the state for the machine whose root is at `root`.
    #[must_use]
    pub fn of(root: &Path) -> Self {
        let without_chip = without_chip(root);
        let boot = match Boot::find(root) {
            Ok(boot) => boot,
            Err(_) if without_chip.is_empty() => return Self::DrivenUntilReboot,
            Err(error) => {
                return match must_have_driver(root) {
                    Ok(()) => Self::Unknown(error.to_string()),
                    Err(lacking) => Self::Lacking(lacking.to_string()),
                };
            }
        };
        let config = boot.config(&boot.found.content);
        if !without_chip.is_empty()
            && let Err(lacking) = boot.must_have_overlay(&config)
        {
            return Self::Lacking(lacking.to_string());
        }
        if !without_chip.is_empty()
            && let Err(reason) = check(&boot, &config)
        {
            return Self::Unusable(reason.to_string());
        }
        let driven = config.driven(&pins::LEDS);
        let without_line: Vec<u8> = pins::LEDS.into_iter().filter(|pin| !driven.contains(pin)).collect();
        match (without_chip.is_empty(), without_line.is_empty()) {
            (true, true) => Self::Driven,
            (true, false) => Self::DrivenUntilReboot,
            (false, false) => Self::NotEnabled(without_line),
            (false, true) if boot.counts_already() => Self::Failed(without_chip),
            (false, true) => Self::RebootOutstanding,
        }
    }

    /// A clause that describes the state.
    #[must_use]
    pub fn what(&self) -> String {
        let all = list(&pins::LEDS);
        match self {
            Self::Driven => format!("the kernel has PWM on {all}, the pins of the LEDs"),
            Self::DrivenUntilReboot => {
                format!("the kernel has PWM on {all}, the pins of the LEDs, but only until the next reboot")
            }
            Self::RebootOutstanding => {
                format!("the lines for {all} are in config.txt and take effect after a reboot")
            }
            Self::Failed(pins) => format!(
                "the lines for {all} are in config.txt, but the kernel has no PWM on {}; its log has the \
                 reason",
                list(pins)
            ),
            Self::NotEnabled(pins) => format!("config.txt has no lines for {}", list(pins)),
            Self::Unusable(reason) | Self::Lacking(reason) => reason.clone(),
            Self::Unknown(reason) => {
                format!("cannot find out whether the kernel has PWM for the LEDs: {reason}")
            }
        }
    }

    /// The next command for root to run, if any.
    #[must_use]
    pub fn order(&self) -> Option<&'static str> {
        match self {
            Self::DrivenUntilReboot | Self::NotEnabled(_) => Some(ENABLE),
            Self::RebootOutstanding => Some(REBOOT),
            Self::Failed(_) => Some("dmesg | grep -i pwm"),
            Self::Driven | Self::Unusable(_) | Self::Lacking(_) | Self::Unknown(_) => None,
        }
    }

    /// One sentence with the state and what to do, for a user of the machine whose root is at `root`.
    #[must_use]
    pub fn sentence(&self, root: &Path) -> String {
        match self.order() {
            Some(ENABLE) => format!("{}; run: {}", self.what(), command(ENABLE, root)),
            // Another machine needs no reboot.
            Some(_) if root != Path::new("/") => self.what(),
            Some(order) => format!("{}; run: sudo {order}", self.what()),
            None if matches!(self, Self::Unusable(_)) => {
                format!("{}, then run: {}", self.what(), command(ENABLE, root))
            }
            None => self.what(),
        }
    }
}

/// Fails if config.txt has conflicting lines, or if lampi's lines were changed.
fn check(boot: &Boot, config: &Config) -> Result<(), BootConfigError> {
    block::find(&boot.found.content, &boot.path())?;
    match config.conflict(&pins::LEDS) {
        Some(conflict) => Err(BootConfigError::Conflict(conflict.to_string())),
        None => Ok(()),
    }
}

/// Pins of the LEDs without PWM in the running kernel.
#[must_use]
pub fn without_chip(root: &Path) -> Vec<u8> {
    missing(&Files::of_machine(root)).into_iter().map(|pin| pin as u8).collect()
}
