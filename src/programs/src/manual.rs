// SPDX-License-Identifier: GPL-3.0-or-later
//! The parts of a man page that no option carries: exit status, files, environment, examples and references.
//!
//! Each command line has its [`Manual`] beside it. The long help ends with the exit status and the examples;
//! the builder writes all parts into the man page.

use std::fmt::Write as _;

use crate::{login, paths};

/// The parts of a man page after its options. Texts are sentences; an empty part is left out.
#[derive(Debug, Clone, Copy)]
pub struct Manual {
    /// Sections with a heading of their own: heading and paragraphs, which empty lines separate.
    pub sections: &'static [(&'static str, &'static str)],
    /// Each exit status and when the program ends with it.
    pub exit_status: &'static [(&'static str, &'static str)],
    /// Each file and what the program does with it. Supervisor's file and the log of a supervised program are
    /// not listed.
    pub files: &'static [(&'static str, &'static str)],
    /// Each environment variable and its meaning.
    pub environment: &'static [(&'static str, &'static str)],
    /// Each command and what it does.
    pub examples: &'static [(&'static str, &'static str)],
    /// Pages to read next, such as `lampi(1)`.
    pub see_also: &'static [&'static str],
}

/// The exit status after an error message.
pub(crate) const FAILURE: (&str, &str) = ("1", "Failure; the last line on standard error has the reason.");

/// The exit status of clap for a usage error.
pub(crate) const USAGE_ERROR: (&str, &str) = ("2", "Usage error.");

/// The exit status of most commands.
pub(crate) const EXIT_STATUS: &[(&str, &str)] = &[("0", "Success."), FAILURE, USAGE_ERROR];

/// The settings of `lamp_service`, which every client of the broker reads.
pub(crate) const SETTINGS: (&str, &str) =
    (paths::SETTINGS, "The settings of lamp_service, for the broker and the login.");

/// The variables of [`login`].
pub(crate) const LOGIN: [(&str, &str); 2] = [
    (login::USERNAME, "User name for the MQTT broker. The option --username takes precedence."),
    (
        login::PASSWORD_FILE,
        "File with the password of that user. It has an effect only together with LAMPI_USERNAME.",
    ),
];

impl Manual {
    /// A manual without any part.
    pub(crate) const NONE: Self =
        Self { sections: &[], exit_status: &[], files: &[], environment: &[], examples: &[], see_also: &[] };

    /// The end of the long help.
    #[must_use]
    pub fn help(&self) -> String {
        let mut text = String::new();
        for (heading, paragraphs) in self.sections {
            let _ = write!(text, "{heading}:\n\n{paragraphs}\n\n");
        }
        if !self.examples.is_empty() {
            text.push_str("Examples:\n");
            for (command, meaning) in self.examples {
                let _ = writeln!(text, "  {command}\n      {meaning}");
            }
            text.push('\n');
        }
        text.push_str("Exit status:\n");
        for (status, meaning) in self.exit_status {
            let _ = writeln!(text, "  {status}  {meaning}");
        }
        text
    }
}

/// The manual of a command or a subcommand, by the name of its page, such as `lampi-set`.
#[must_use]
pub fn of(page: &str) -> Option<&'static Manual> {
    let (_, manual) = MANUALS.iter().find(|(name, _)| *name == page)?;
    Some(manual)
}

/// All manuals, by the names of their pages.
const MANUALS: &[(&str, Manual)] = &[
    ("fbcp", crate::fbcp::MANUAL),
    ("lampi-pigpiod", crate::pigpiod::MANUAL),
    ("lamp_service", crate::lamp_service::MANUAL),
    ("lamp_ui", crate::lamp_ui::MANUAL),
    ("lamp_cmd", crate::lamp_cmd::MANUAL),
    ("lampi", crate::lampi::manuals::LAMPI),
    ("lampi-status", crate::lampi::manuals::STATUS),
    ("lampi-set", crate::lampi::manuals::SET),
    ("lampi-get", crate::lampi::manuals::GET),
    ("lampi-doctor", crate::lampi::manuals::DOCTOR),
    ("lampi-start", crate::lampi::manuals::START),
    ("lampi-stop", crate::lampi::manuals::STOP),
    ("lampi-restart", crate::lampi::manuals::RESTART),
    ("lampi-update", crate::lampi::manuals::UPDATE),
    ("lampi-disable", crate::lampi::manuals::DISABLE),
    ("lampi-enable", crate::lampi::manuals::ENABLE),
    ("lampi-user", crate::lampi::manuals::USER),
    ("lampi-logs", crate::lampi::manuals::LOGS),
    ("lampi-bridge", crate::lampi::manuals::BRIDGE),
    ("lampi-pwm", crate::lampi::manuals::PWM),
    ("lampi-take-over", crate::lampi::manuals::TAKE_OVER),
];
