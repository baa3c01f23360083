// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line, from which the help and the man page are made too.

#![allow(clippy::doc_markdown, reason = "people see these comments as they are, in a terminal")]

pub mod installed;
pub mod settings;

use std::path::PathBuf;
use std::time::Duration;

use runtime::address::{self, Address};

use crate::login::{LoginArgs, User};

/// Where the MQTT broker is, if nothing else is said.
#[must_use]
pub fn broker() -> Address {
    Address { host: "localhost".into(), port: 1883 }
}

/// Where the GPIO daemon is, if nothing else is said.
#[must_use]
pub fn pigpiod() -> Address {
    Address { host: "localhost".into(), port: pigpio::protocol::PORT }
}

/// Drive the LEDs of a LAMPI lamp as MQTT messages ask for.
///
/// lamp_service takes requests from the topic lamp/set_config, sets the red, green and blue LED on GPIO 19, 26 and 13
/// through pigpiod, and tells the state of the lamp on lamp/changed. A request with any invalid value changes nothing.
///
/// The last state is kept in a file and shown again at the next start, before the broker is needed. Without the file, as at the
/// first start, the lamp is red until the broker is reached, and then has the state that the broker keeps on lamp/changed, if it
/// keeps one. lamp_service waits for a broker, a pigpiod or a folder for the file that is not there, or goes away. SIGTERM and
/// SIGINT end it; the LEDs keep their colour. SIGHUP has it read its settings again; if they are wrong, it keeps those that it
/// has.
///
/// The exit status is 0 when it was ended so, 1 when it could not start or --check found something, and 2 when the
/// call was wrong.
#[derive(Debug, Clone, PartialEq, clap::Parser)]
#[command(name = "lamp_service", version, args_override_self = true)]
pub struct Cli {
    /// MQTT broker to connect to.
    ///
    /// The connection is not encrypted. A lamp with a broker elsewhere keeps its own one, and has it connect with the other by
    /// TLS; see `lampi bridge --tls` in lampi(1).
    #[arg(long, value_name = "HOST:PORT", default_value_t = broker())]
    pub broker: Address,

    #[allow(missing_docs, reason = "it would be help")]
    #[command(flatten)]
    pub login: LoginArgs,

    /// GPIO daemon to connect to.
    ///
    /// Without this option, the environment variables PIGPIO_ADDR and PIGPIO_PORT are looked at, as by every client of
    /// pigpiod; what they leave open is localhost and 8888. For localhost, every loopback address is tried.
    #[arg(long, value_name = "HOST:PORT")]
    pub pigpiod: Option<Address>,

    /// File that keeps the state of the lamp.
    #[arg(long, value_name = "FILE", default_value = crate::paths::STATE)]
    pub state: PathBuf,

    /// What the lamp shows when it starts.
    #[arg(long, value_name = "STATE", default_value = "last", value_enum)]
    pub restore: Restore,

    /// Time in seconds in which the light passes from one colour to the next, up to 60.
    ///
    /// Each LED goes straight from where it is to where it shall be. A change that comes on the way starts from there.
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub transition: Duration,

    /// Exponent that makes the steps of dim light look even, 1 to 3.
    ///
    /// The eye sees half the power as far more than half as bright; 2.2 evens that out. With 1 the power follows the
    /// numbers, as it always has. Whatever is lit stays lit: no LED becomes dark by this.
    #[arg(long, value_name = "EXPONENT", default_value = "1", value_parser = exponent)]
    pub gamma: f64,

    /// Frequency in Hz with which the LEDs are switched.
    ///
    /// The slower, the more levels of dim light there are; below 200 Hz the light would be seen to flicker. With the
    /// sample time of 5 microseconds that pigpiod has by default:
    ///
    /// 1000 Hz: 200 levels, the smallest 0.5 %;
    /// 800 Hz: 250 levels, 0.4 %;
    /// 500 Hz: 400 levels, 0.25 %;
    /// 400 Hz: 500 levels, 0.2 %;
    /// 320 Hz: 625 levels, 0.16 %;
    /// 250 Hz: 800 levels, 0.125 %;
    /// 200 Hz: 1000 levels, 0.1 %.
    #[arg(long, value_name = "HZ", default_value = "1000", value_parser = frequency)]
    pub frequency: u32,

    /// Tell Home Assistant about the lamp, under its discovery prefix, which is homeassistant if not changed there.
    ///
    /// The lamp then appears there as a light with colour, brightness and transitions, by MQTT discovery, on two topics of
    /// its own; no other topic of the lamp changes. Taken out of the settings again, it disappears there after SIGHUP or the
    /// next start, and so it does when the package is removed.
    #[arg(long, value_name = "PREFIX", value_parser = prefix)]
    pub home_assistant: Option<String>,

    /// Set the panel's backlight, on GPIO 18, as the topic lamp/backlight asks: yes or no.
    ///
    /// A message there is {"backlight": 0.5}, with a number from 0, which is dark, to 1. A retained one is taken too, and
    /// applies again after each start. The pin is not touched before the first message, and not at all where the kernel drives a
    /// backlight by a pin, or where GPIO 18 serves sound or another device of the processor. It takes pigpio's own daemon: that
    /// of lampi, which stands in for it where the kernel's PWM drives the LEDs, changes no pin but theirs.
    #[arg(long, value_name = "WHETHER", default_value = "no", action = clap::ArgAction::Set, value_parser = yes_or_no)]
    pub backlight: bool,

    /// File of further settings, which need not exist.
    ///
    /// Each line is one of the options above without its dashes, = and the value, for example: transition = 0.5.
    /// Lines that begin with # say nothing. What is given on the command line too counts from there. After a change,
    /// SIGHUP has the file read again: transition, gamma, frequency, home-assistant, username and password-file, with the
    /// password, are then followed at once, the others at the next start.
    #[arg(long, value_name = "FILE", default_value = crate::paths::SETTINGS)]
    pub settings: PathBuf,

    /// Have Home Assistant forget the lamp, and end.
    ///
    /// Where a lamp_service runs that is set to tell Home Assistant about the lamp, it does so again at its next start.
    #[arg(long, conflicts_with = "check")]
    pub forget_home_assistant: bool,

    /// Say whether the settings are right and the broker, pigpiod and the state file can be used, and end.
    ///
    /// Nothing is changed, and a lamp_service that runs is not disturbed.
    #[arg(long)]
    pub check: bool,
}

/// What a lamp shows when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Restore {
    /// What it showed last.
    Last,
    /// Its last colour, lit.
    On,
    /// Nothing; turning it on brings its last colour back.
    Off,
}

impl Cli {
    /// Where pigpiod is: as the option says, else as the variables PIGPIO_ADDR and PIGPIO_PORT say.
    pub fn pigpiod(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Address, String> {
        if let Some(address) = &self.pigpiod {
            return Ok(address.clone());
        }
        pigpiod_by_variables(variable)
    }

    /// Who the program is to the broker: as the options say, else as the variables say.
    pub fn user(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Option<User>, String> {
        self.login.user(variable)
    }
}

/// Where pigpiod is by the variables `PIGPIO_ADDR` and `PIGPIO_PORT`, as for every client of it.
pub fn pigpiod_by_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Address, String> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let host = set("PIGPIO_ADDR").unwrap_or_else(|| pigpiod().host);
    let port = match set("PIGPIO_PORT") {
        None => pigpiod().port,
        Some(port) => address::port(&port)
            .map_err(|error| format!("the environment variable PIGPIO_PORT is {port:?}: {error}"))?,
    };
    Ok(Address { host, port })
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("it must be yes or no".into()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    number(text, 0.0, 60.0).map(Duration::from_secs_f64)
}

fn exponent(text: &str) -> Result<f64, String> {
    number(text, 1.0, 3.0)
}

fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("it must be a number from {least} to {most}"))
}

/// Those of pigpiod's frequencies that fit the lamp: not slower than the eye, and of no more levels than the range
/// of a duty cycle can tell apart.
fn frequency(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|hertz| [1000, 800, 500, 400, 320, 250, 200].contains(hertz))
        .ok_or_else(|| "it must be 1000, 800, 500, 400, 320, 250 or 200".into())
}

fn prefix(text: &str) -> Result<String, String> {
    let fits = |level: &str| {
        !level.is_empty() && level.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    };
    if text.len() <= 200 && text.split('/').all(fits) {
        Ok(text.into())
    } else {
        Err("it must be the beginning of a topic: letters, digits, _ and -, and / between them".into())
    }
}
