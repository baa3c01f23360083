// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line, from which the help, the man page and the completions of shells are made too.

#![allow(clippy::doc_markdown, reason = "people see these comments as they are, in a terminal")]

use runtime::address::Address;

use crate::lampi::unit;

/// Show or set the light of a LAMPI lamp, by the options of the course's lamp_cmd.
///
/// Without an option, lamp_cmd prints the light as the course's program does:
///
/// Hue: 0.33 Saturation: 1.0 Brightness: 0.5 On: True
///
/// With options, it sets what they name; the rest stays as it is. It waits until lamp_service reports the change. The broker is
/// the one that lamp_service is set to. lamp_cmd is another name of lampi(1), so that scripts of the course run on;
/// `lampi get` and `lampi set` do the same and more.
///
/// The exit status is 0 when all went well, 1 when something failed, and 2 when the call was wrong.
#[derive(Debug, clap::Parser)]
#[command(name = "lamp_cmd", version)]
pub struct Cli {
    /// Hue, from 0 to 1; 0 and 1 are red.
    #[arg(short = 'u', long, value_name = "NUMBER", value_parser = unit, allow_negative_numbers = true)]
    pub hue: Option<f64>,

    /// Saturation, from 0, which is white, to 1.
    #[arg(short, long, value_name = "NUMBER", value_parser = unit, allow_negative_numbers = true)]
    pub saturation: Option<f64>,

    /// Brightness, from 0, which is dark, to 1.
    #[arg(short, long, value_name = "NUMBER", value_parser = unit, allow_negative_numbers = true)]
    pub brightness: Option<f64>,

    /// Turn the lamp on.
    #[arg(long = "on", conflicts_with = "dark")]
    pub lit: bool,

    /// Turn the lamp off.
    #[arg(long = "off")]
    pub dark: bool,

    /// MQTT broker of the lamp, if it is not the one that lamp_service is set to.
    #[arg(long, value_name = "HOST:PORT")]
    pub broker: Option<Address>,
}
