// SPDX-License-Identifier: GPL-3.0-or-later
//! Why config.txt cannot be used.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

/// Why config.txt cannot be used. Each is one sentence for the owner of the machine.
#[derive(Debug)]
pub enum BootConfigError {
    /// There is no such root directory.
    NoRoot(PathBuf),
    /// The mount point of the boot partition is empty.
    NotMounted {
        /// The mount point, with the root directory before it.
        shown: PathBuf,
        /// Whether it is that of the machine that runs this.
        is_here: bool,
    },
    /// There is no config.txt.
    Missing {
        /// Where newer systems have it.
        newer: PathBuf,
        /// Where older ones have it.
        older: PathBuf,
        /// The mount point of newer systems.
        folder: &'static str,
    },
    /// A file cannot be read.
    File(system_files::Error),
    /// Somebody changed the lines that lampi wrote.
    Changed {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
    },
    /// A line wants a pin of the LEDs; the sentence names it.
    Conflict(String),
    /// The kernel has no driver for it.
    NoPwm {
        /// What is missing.
        missing: String,
        /// The versions of the kernels that are installed, or of the one that runs; empty if not known.
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
                    "there is no folder {}; name the one that the root of the machine is in",
                    root.display()
                )
            }
            Self::NotMounted { shown, is_here: true } => {
                let shown = shown.display();
                write!(
                    formatter,
                    "{shown} is empty, so the boot partition is not mounted; run: sudo mount {shown}"
                )
            }
            Self::NotMounted { shown, is_here: false } => {
                write!(formatter, "{} is empty; mount the boot partition of the image there", shown.display())
            }
            Self::Missing { newer, older, folder } => write!(
                formatter,
                "there is neither {} nor {}, so this is no Raspberry Pi that starts by its own firmware, or its boot \
                 partition is not mounted; mount it at {folder}",
                newer.display(),
                older.display()
            ),
            // With the cause, because this is shown as part of other sentences.
            Self::File(error) => match error.source() {
                Some(cause) => write!(formatter, "{error}: {cause}"),
                None => error.fmt(formatter),
            },
            Self::Conflict(sentence) => formatter.write_str(sentence),
            Self::Changed { file, line } => write!(
                formatter,
                "{file}:{line}: somebody changed the lines between the two comments of lampi; remove them by hand, with \
                 the comments"
            ),
            Self::NoPwm { missing, kernels } => {
                write!(formatter, "{missing}: the kernel")?;
                if !kernels.is_empty() {
                    write!(formatter, " {kernels}")?;
                }
                formatter.write_str(
                    " has no PWM for the LEDs; Raspberry Pi OS has it since November 2024, Debian's own kernels do not; on \
                     Raspberry Pi OS run: sudo apt update && sudo apt full-upgrade && sudo reboot",
                )
            }
        }
    }
}

impl Error for BootConfigError {}
