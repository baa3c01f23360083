// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether the kernel has PWM on the pins of the LEDs, or will after a reboot, and the words for it, for every part of
//! the lamp that reports it.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use system_files::under;

use super::boot::{Boot, must_have_driver};
use super::{PINS, list};

/// What has the lines written.
pub const ENABLE: &str = "sudo lampi pwm enable";

/// What makes the firmware read them.
pub const REBOOT: &str = "sudo reboot";

/// FAT keeps times to two seconds.
const GRAIN: Duration = Duration::from_secs(2);

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
    /// The kernel cannot, for this reason.
    Lacking(String),
    /// config.txt cannot be found or read, for this reason.
    Unknown(String),
}

impl State {
    /// That of the machine whose root is at `root`.
    pub fn of(root: &Path) -> Self {
        let chips = chips(root);
        let missing = |there: &[u8]| PINS.into_iter().filter(|pin| !there.contains(pin)).collect::<Vec<_>>();
        let without_chip = missing(&chips);
        let boot = match Boot::find(root) {
            Ok(boot) => boot,
            Err(_) if without_chip.is_empty() => return Self::DrivenUntilReboot,
            Err(error) => {
                return match must_have_driver(root) {
                    Ok(()) => Self::Unknown(format!("{error:#}")),
                    Err(lacking) => Self::Lacking(format!("{lacking:#}")),
                };
            }
        };
        let config = boot.config(&boot.found.content);
        if !without_chip.is_empty()
            && let Err(lacking) = boot.must_have_overlay(&config)
        {
            return Self::Lacking(format!("{lacking:#}"));
        }
        let without_line = missing(&config.driven(&PINS));
        match (without_chip.is_empty(), without_line.is_empty()) {
            (true, true) => Self::Driven,
            (true, false) => Self::DrivenUntilReboot,
            (false, false) => Self::NotEnabled(without_line),
            (false, true) => match (started(root), boot.found.modified) {
                (Some(started), Some(modified)) if modified + GRAIN < started => Self::Failed(without_chip),
                _ => Self::RebootOutstanding,
            },
        }
    }

    /// One sentence, with what to do if there is something.
    pub fn words(&self) -> String {
        let all = list(&PINS);
        match self {
            Self::Driven => format!("the kernel has PWM on {all}, the pins of the LEDs"),
            Self::DrivenUntilReboot => {
                format!("the kernel has PWM on {all}, but not after a reboot; to keep it, run: {ENABLE}")
            }
            Self::RebootOutstanding => {
                format!(
                    "the lines for {all} are in config.txt, and take effect after a reboot; run: {REBOOT}"
                )
            }
            Self::Failed(pins) => format!(
                "the lines for {all} are in config.txt, but the kernel has no PWM on {}; see why with: sudo dmesg | grep \
                 -i pwm",
                list(pins)
            ),
            Self::NotEnabled(pins) => {
                format!("config.txt has no lines for {}; to add them, run: {ENABLE}", list(pins))
            }
            Self::Lacking(reason) => reason.clone(),
            Self::Unknown(reason) => {
                format!("it is not known whether the kernel will have PWM for the LEDs: {reason}")
            }
        }
    }
}

/// Those of the lamp's pins that have a chip of the kernel's PWM now, in the lamp's order.
///
/// The numbers of chips change from one kernel to the next, so it is the device tree that tells their pins.
pub fn chips(root: &Path) -> Vec<u8> {
    let entries = fs::read_dir(under(root, "/sys/class/pwm")).into_iter().flatten().flatten();
    let found: Vec<u8> = entries
        .filter_map(|entry| {
            let node = entry.path().join("device/of_node");
            let compatible = fs::read(node.join("compatible")).ok()?;
            compatible.split(|byte| *byte == 0).find(|word| *word == b"pwm-gpio")?;
            // Three cells: the controller, its line, flags.
            let gpios = fs::read(node.join("gpios")).ok()?;
            let line = u32::from_be_bytes(gpios.get(4..8)?.try_into().ok()?);
            u8::try_from(line).ok()
        })
        .collect();
    PINS.into_iter().filter(|pin| found.contains(pin)).collect()
}

/// When the machine was started, if it runs.
fn started(root: &Path) -> Option<SystemTime> {
    let text = fs::read_to_string(under(root, "/proc/uptime")).ok()?;
    let seconds = text.split(' ').next()?.parse().ok()?;
    SystemTime::now().checked_sub(Duration::try_from_secs_f64(seconds).ok()?)
}
