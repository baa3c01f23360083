// SPDX-License-Identifier: GPL-3.0-or-later
//! Errors about config.txt.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

/// Why config.txt cannot be used. Each is one sentence for the machine's owner.
#[derive(Debug)]
pub enum BootConfigError {
    /// The root directory does not exist.
    NoRoot(PathBuf),
    /// The mount point of the boot partition is empty.
    NotMounted {
        /// The mount point, including the root directory.
        shown: PathBuf,
        /// Whether it is on this machine.
        is_here: bool,
    },
    /// config.txt does not exist.
    Missing {
        /// Its path on newer systems.
        newer: PathBuf,
        /// Its path on older systems.
        older: PathBuf,
        /// The mount point of newer systems.
        directory: &'static str,
    },
    /// A file cannot be read.
    File(system_files::Error),
    /// The lines that lampi wrote were changed.
    Changed {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
    },
    /// A line uses a pin of the LEDs; the sentence names both.
    Conflict(String),
    /// The kernel has no driver for PWM.
    NoPwm {
        /// What is missing.
        missing: String,
        /// The versions of the installed kernels, or of the running one; empty if unknown.
        kernels: String,
    },
}

impl From<system_files::Error> for BootConfigError {
    fn from(error: system_files::Error) -> Self {
        Self::File(error)
    }
}

impl fmt::Display for BootConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoot(root) => {
                write!(
                    formatter,
                    "there is no directory {}; set --root to the root directory of the machine's files",
                    root.display()
                )
            }
            Self::NotMounted { shown, is_here: true } => {
                let shown = shown.display();
                write!(
                    formatter,
                    "{shown} is empty because the boot partition is not mounted; run: sudo mount {shown}"
                )
            }
            Self::NotMounted { shown, is_here: false } => {
                write!(formatter, "{} is empty; mount the image's boot partition there", shown.display())
            }
            Self::Missing { newer, older, directory } => write!(
                formatter,
                "neither {} nor {} exists: either the machine is not a Raspberry Pi that boots with its own \
                 firmware, or its boot partition is not mounted; mount it at {directory}",
                newer.display(),
                older.display()
            ),
            // With the cause, because this becomes part of other sentences.
            Self::File(error) => match error.source() {
                Some(cause) => write!(formatter, "{error}: {cause}"),
                None => error.fmt(formatter),
            },
            Self::Conflict(sentence) => formatter.write_str(sentence),
            Self::Changed { file, line } => write!(
                formatter,
                "{file}:{line}: the lines between the two comments of lampi were changed; remove them and \
                 the comments manually"
            ),
            Self::NoPwm { missing, kernels } => {
                write!(formatter, "{missing}: the kernel")?;
                if !kernels.is_empty() {
                    write!(formatter, " {kernels}")?;
                }
                formatter.write_str(
                    " has no PWM driver for the LEDs; Raspberry Pi OS has it since November 2024, Debian's \
                     own kernels do not; on Raspberry Pi OS, run: sudo apt update && sudo apt full-upgrade \
                     && sudo reboot",
                )
            }
        }
    }
}

impl Error for BootConfigError {}
