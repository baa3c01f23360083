// SPDX-License-Identifier: GPL-3.0-or-later
//! The definition of `lamp_cmd`'s command line, help, man page and completions.

#![allow(clippy::doc_markdown, reason = "the help prints these comments as they are")]

use runtime::address::Address;

use crate::lampi::unit;
use crate::manual::{EXIT_STATUS, LOGIN, Manual, SETTINGS};

/// The rest of the man page.
pub(crate) const MANUAL: Manual = Manual {
    exit_status: EXIT_STATUS,
    files: &[SETTINGS],
    environment: &LOGIN,
    examples: &[
        ("lamp_cmd", "Print the light."),
        ("lamp_cmd --on --hue 0.33 --brightness 0.5", "Turn the lamp on, green, at half brightness."),
    ],
    see_also: &["lampi-get(1)", "lampi-set(1)", "lampi-mqtt(7)"],
    ..Manual::NONE
};

/// Show or set the light with the options of the course's lamp_cmd.
///
/// Without an option, lamp_cmd prints the light in the format of the course's program:
///
/// Hue: 0.33 Saturation: 1.0 Brightness: 0.5 On: True
///
/// With options, lamp_cmd changes only what they set, and waits until lamp_service reports the change. It
/// uses the broker of lamp_service. Scripts of the course work with lamp_cmd, which is another name of
/// lampi(1). `lampi get` and `lampi set` have more options.
#[derive(Debug, clap::Parser)]
#[command(name = "lamp_cmd", version, after_long_help = MANUAL.help())]
pub struct Cli {
    /// Hue, 0 to 1; 0 and 1 are red
    #[arg(short = 'u', long, value_name = "NUMBER", value_parser = unit, allow_negative_numbers = true)]
    pub hue: Option<f64>,

    /// Saturation, 0 (white) to 1
    #[arg(short, long, value_name = "NUMBER", value_parser = unit, allow_negative_numbers = true)]
    pub saturation: Option<f64>,

    /// Brightness, 0 (dark) to 1
    #[arg(short, long, value_name = "NUMBER", value_parser = unit, allow_negative_numbers = true)]
    pub brightness: Option<f64>,

    /// Turn the lamp on
    #[arg(long = "on", conflicts_with = "dark")]
    pub lit: bool,

    /// Turn the lamp off
    #[arg(long = "off")]
    pub dark: bool,

    /// MQTT broker of the lamp [default: that of lamp_service]
    #[arg(long, value_name = "HOST:PORT")]
    pub broker: Option<Address>,
}
