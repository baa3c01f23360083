// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether the kernel has PWM on the pins of the LEDs, or will after a reboot, and the words for it, for every part of
//! the lamp that reports it.

use std::path::Path;

use pigpiod::kernel::{Files, missing};
use programs::pins;

use super::boot::{Boot, must_have_driver};
use super::config::Config;
use super::error::BootConfigError;
use super::{block, command, list};

/// What has the lines written, as root.
pub const ENABLE: &str = "lampi pwm enable";

/// What makes the firmware read them, as root.
pub const REBOOT: &str = "reboot";

/// How the kernel's PWM is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The kernel drives all three pins, and config.txt has it do so after the next reboot too.
    Driven,
    /// The kernel drives all three pins, but config.txt, if it can be read, has not all lines for it.
    DrivenUntilReboot,
    /// config.txt has all lines, and was changed after the machine was started, or the machine does not run.
    RebootOutstanding,
    /// config.txt had all lines when the machine was started, but these pins have no chip.
    Failed(Vec<u8>),
    /// config.txt has no lines for these pins.
    NotEnabled(Vec<u8>),
    /// Something in config.txt has to go first.
    Unusable(String),
    /// The kernel cannot, for this reason.
    Lacking(String),
    /// config.txt cannot be found or read, for this reason.
    Unknown(String),
}

impl State {
    /// That of the machine whose root is at `root`.
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

    /// Half a sentence.
    #[must_use]
    pub fn what(&self) -> String {
        let all = list(&pins::LEDS);
        match self {
            Self::Driven => format!("the kernel has PWM on {all}, the pins of the LEDs"),
            Self::DrivenUntilReboot => {
                format!("the kernel has PWM on {all}, the pins of the LEDs, but not after a reboot")
            }
            Self::RebootOutstanding => {
                format!("the lines for {all} are in config.txt and take effect after a reboot")
            }
            Self::Failed(pins) => format!(
                "the lines for {all} are in config.txt, but the kernel has no PWM on {}; its log says why",
                list(pins)
            ),
            Self::NotEnabled(pins) => format!("config.txt has no lines for {}", list(pins)),
            Self::Unusable(reason) | Self::Lacking(reason) => reason.clone(),
            Self::Unknown(reason) => {
                format!("it is not known whether the kernel will have PWM for the LEDs: {reason}")
            }
        }
    }

    /// What root can run to get further, if there is something.
    #[must_use]
    pub fn order(&self) -> Option<&'static str> {
        match self {
            Self::DrivenUntilReboot | Self::NotEnabled(_) => Some(ENABLE),
            Self::RebootOutstanding => Some(REBOOT),
            Self::Failed(_) => Some("dmesg | grep -i pwm"),
            Self::Driven | Self::Unusable(_) | Self::Lacking(_) | Self::Unknown(_) => None,
        }
    }

    /// One sentence for who works on the machine whose root is at `root`, with what to do if there is something.
    #[must_use]
    pub fn sentence(&self, root: &Path) -> String {
        match self.order() {
            Some(ENABLE) => format!("{}; run: {}", self.what(), command(ENABLE, root)),
            // Another machine is started when it is ready.
            Some(_) if root != Path::new("/") => self.what(),
            Some(order) => format!("{}; run: sudo {order}", self.what()),
            None if matches!(self, Self::Unusable(_)) => {
                format!("{}, then run: {}", self.what(), command(ENABLE, root))
            }
            None => self.what(),
        }
    }
}

/// Fails if config.txt has lines that are in the way, or if somebody changed ours.
fn check(boot: &Boot, config: &Config) -> Result<(), BootConfigError> {
    block::find(&boot.found.content, &boot.path())?;
    match config.conflict(&pins::LEDS) {
        Some(conflict) => Err(BootConfigError::Conflict(conflict.to_string())),
        None => Ok(()),
    }
}

/// Pins of the LEDs for which the kernel has no PWM now.
#[must_use]
pub fn without_chip(root: &Path) -> Vec<u8> {
    missing(&Files::of_machine(root)).into_iter().map(|pin| pin as u8).collect()
}
