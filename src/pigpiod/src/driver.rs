// SPDX-License-Identifier: GPL-3.0-or-later
//! Selects the daemon that drives the LEDs: this one or pigpio's own, which then replaces this process.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::kernel::{self, Files, LEDS};

/// The processor of the Pi 5, which pigpio does not support, by its name in the device tree.
const UNKNOWN_TO_PIGPIO: &[u8] = b"brcm,bcm2712";

/// The daemon that runs, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Driver {
    /// This daemon, with the kernel's PWM.
    Kernel,
    /// pigpio's own daemon.
    Pigpio {
        /// Its path.
        program: PathBuf,
        /// Pins without a chip.
        missing: Vec<u32>,
    },
    /// This daemon, without LEDs until their chips appear.
    Dark {
        /// Pins without a chip.
        missing: Vec<u32>,
        /// Why pigpio's own daemon does not run.
        reason: String,
        /// The pause before the next attempt to start pigpio's own daemon, if any.
        retry: Option<Duration>,
    },
}

impl fmt::Display for Driver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kernel => write!(
                formatter,
                "driving the LEDs: the kernel has a PWM chip for each of GPIO {}",
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
                    "running WITHOUT LEDs until their PWM chips appear: the kernel has none for GPIO {}, and \
                     {reason}",
                    list(missing)
                )?;
                if let Some(pause) = retry {
                    write!(formatter, "; retrying it in {} s", pause.as_secs())?;
                }
                formatter.write_str("; run: lampi doctor")
            }
        }
    }
}

fn list(pins: &[u32]) -> String {
    pins.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

/// Selects the daemon on the machine with the root directory `root`. `path` is the PATH. `backoff` returns
/// the pause before the next attempt to start pigpio's own daemon, and is called only if there is one.
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
        Driver::Dark { missing, reason: format!("{shown} does not support this board"), retry: None }
    } else if let Some(pause) = backoff() {
        let reason = format!("{shown} exited immediately at its last start");
        Driver::Dark { missing, reason, retry: Some(pause) }
    } else {
        Driver::Pigpio { program, missing }
    }
}

/// Without a device tree, pigpio may support the board; if not, it exits.
fn is_unknown_to_pigpio(root: &Path) -> bool {
    let names = fs::read(root.join("proc/device-tree/compatible")).unwrap_or_default();
    names.split(|byte| *byte == 0).any(|name| name == UNKNOWN_TO_PIGPIO)
}

/// The first pigpiod on the PATH that is not this program under another name.
fn find(path: Option<&OsStr>) -> Option<PathBuf> {
    let identity = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino()));
    let own = identity(Path::new("/proc/self/exe")).ok();
    let is_program = |candidate: &PathBuf| {
        let is_executable = fs::metadata(candidate)
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
        is_executable && identity(candidate).ok() != own
    };
    // A relative directory would depend on Supervisor's working directory.
    let directories = std::env::split_paths(path?).filter(|directory| directory.is_absolute());
    directories.map(|directory| directory.join("pigpiod")).find(is_program)
}
