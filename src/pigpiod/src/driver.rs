// SPDX-License-Identifier: GPL-3.0-or-later
//! Which daemon drives the LEDs: this one, or pigpio's own, which is then started in its place.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::kernel::{self, Files, LEDS};

/// A processor that pigpio does not know, by its name in the device tree: that of the Pi 5.
const UNKNOWN_TO_PIGPIO: &[u8] = b"brcm,bcm2712";

/// Which daemon runs, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Driver {
    /// This one, with the kernel's PWM.
    Kernel,
    /// pigpio's own.
    Pigpio {
        /// Where it is.
        program: PathBuf,
        /// Pins without a chip.
        missing: Vec<u32>,
    },
    /// This one, without LEDs until their chips appear.
    Dark {
        /// Pins without a chip.
        missing: Vec<u32>,
        /// Why it is not pigpio's own.
        reason: String,
        /// When pigpio's own is worth another try, if it is.
        retry: Option<Duration>,
    },
}

impl fmt::Display for Driver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kernel => write!(
                formatter,
                "this daemon drives the LEDs: the kernel has a PWM chip for each of GPIO {}",
                list(&LEDS.map(|led| led.pin))
            ),
            Self::Pigpio { program, missing } => write!(
                formatter,
                "starting {} in place of this daemon: the kernel has no PWM chip for GPIO {}",
                program.display(),
                list(missing)
            ),
            Self::Dark { missing, reason, retry } => {
                write!(
                    formatter,
                    "this daemon runs WITHOUT LEDs until their PWM chips appear: the kernel has none for GPIO {}, and {reason}",
                    list(missing)
                )?;
                if let Some(pause) = retry {
                    write!(formatter, " and is tried again in {} s", pause.as_secs())?;
                }
                formatter.write_str("; `lampi doctor` says what to do")
            }
        }
    }
}

fn list(pins: &[u32]) -> String {
    pins.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

/// Selects on the machine whose root is `root`. `path` is where programs are looked for; `backoff` says for how long pigpio's
/// own daemon, if there is one that could run, is not to be tried.
pub fn select(root: &Path, path: Option<&OsStr>, backoff: impl FnOnce() -> Option<Duration>) -> Driver {
    let missing = kernel::missing(&Files::of_machine(root));
    if missing.is_empty() {
        return Driver::Kernel;
    }
    let Some(program) = find(path) else {
        return Driver::Dark { missing, reason: "there is no pigpiod on the PATH".into(), retry: None };
    };
    let shown = program.display();
    if is_unknown_to_pigpio(root) {
        Driver::Dark { missing, reason: format!("{shown} does not know this board"), retry: None }
    } else if let Some(pause) = backoff() {
        let reason = format!("{shown} ended at once when it was started last");
        Driver::Dark { missing, reason, retry: Some(pause) }
    } else {
        Driver::Pigpio { program, missing }
    }
}

/// Without a device tree nothing speaks against pigpio; if it refuses, that shows.
fn is_unknown_to_pigpio(root: &Path) -> bool {
    let names = fs::read(root.join("proc/device-tree/compatible")).unwrap_or_default();
    names.split(|byte| *byte == 0).any(|name| name == UNKNOWN_TO_PIGPIO)
}

/// The first pigpiod on the path that is not this program under another name.
fn find(path: Option<&OsStr>) -> Option<PathBuf> {
    let identity = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino()));
    let own = identity(Path::new("/proc/self/exe")).ok();
    let is_program = |candidate: &PathBuf| {
        let is_executable = fs::metadata(candidate)
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
        is_executable && identity(candidate).ok() != own
    };
    // A relative directory would be looked for wherever Supervisor happens to be.
    let directories = std::env::split_paths(path?).filter(|directory| directory.is_absolute());
    directories.map(|directory| directory.join("pigpiod")).find(is_program)
}
