// SPDX-License-Identifier: GPL-3.0-or-later
//! The definition of `lamp_service`'s command line, help and man pages.

#![allow(clippy::doc_markdown, reason = "the help prints these comments as they are")]

pub mod installed;
pub mod settings;

use std::path::PathBuf;
use std::time::Duration;

use runtime::address::{self, Address};

use crate::login::{LoginArgs, User};
use crate::manual::{LOGIN, Manual, USAGE_ERROR};
use crate::paths;

/// The rest of the man page.
pub(crate) const MANUAL: Manual = Manual {
    exit_status: &[
        ("0", "SIGTERM or SIGINT stopped lamp_service, or --check found no problem."),
        ("1", "lamp_service could not start, or --check found a problem."),
        USAGE_ERROR,
    ],
    files: &[
        (paths::SETTINGS, "The settings; see lamp_service.conf(5). The file need not exist."),
        (paths::STATE, "The state of the lamp."),
        ("/var/lib/lampi/device-id", "The lamp's ID, and the network cards that belong to it."),
    ],
    environment: &[
        ("PIGPIO_ADDR", "Host of pigpiod. The option and the setting take precedence."),
        ("PIGPIO_PORT", "Port of pigpiod. The option and the setting take precedence."),
        LOGIN[0],
        LOGIN[1],
    ],
    examples: &[
        ("lamp_service --check", "Check the settings, the state file, pigpiod and the broker."),
        (
            "lamp_service --transition 0.5 --gamma 2.2",
            "Change colours within half a second, and dim for the eye.",
        ),
    ],
    see_also: &[
        "lamp_service.conf(5)",
        "lampi-mqtt(7)",
        "lampi(1)",
        "lamp_ui(1)",
        "mosquitto(8)",
        "pigpiod(1)",
    ],
    ..Manual::NONE
};

/// Default address of the MQTT broker.
#[must_use]
pub fn broker() -> Address {
    Address { host: "localhost".into(), port: 1883 }
}

/// Default address of the GPIO daemon.
#[must_use]
pub fn pigpiod() -> Address {
    Address { host: "localhost".into(), port: pigpio::protocol::PORT }
}

/// Set the LEDs of a LAMPI lamp by MQTT.
///
/// lamp_service receives requests on the topic lamp/set_config, sets the red, green and blue LED on GPIO 19,
/// 26 and 13 through pigpiod, and publishes the state of the lamp on lamp/changed. It rejects a request with
/// an invalid value; nothing changes then. lampi-mqtt(7) describes all topics.
///
/// lamp_service saves the state in a file and restores it at the next start, before it connects to the
/// broker. Without the file, as at the first start, the lamp is red until lamp_service reaches the broker. It
/// then adopts the retained state on lamp/changed, if there is one.
///
/// If the broker, pigpiod or the directory of the state file is missing, lamp_service keeps running and
/// retries. SIGTERM and SIGINT stop it; the LEDs keep their colour. On SIGHUP it reads its settings again. If
/// they contain an error, it keeps the settings that it has.
#[derive(Debug, Clone, PartialEq, clap::Parser)]
#[command(name = "lamp_service", version, args_override_self = true, after_long_help = MANUAL.help())]
pub struct Cli {
    /// MQTT broker to connect to
    ///
    /// The connection is not encrypted. To use a broker on another machine, keep the lamp's own broker and
    /// connect the two with TLS; see lampi-bridge(1).
    #[arg(long, value_name = "HOST:PORT", default_value_t = broker())]
    pub broker: Address,

    #[allow(missing_docs, reason = "it would be help")]
    #[command(flatten)]
    pub login: LoginArgs,

    /// GPIO daemon to connect to
    ///
    /// The default is in the environment variables PIGPIO_ADDR and PIGPIO_PORT, as for every client of
    /// pigpiod, or else localhost:8888. For localhost, lamp_service tries every loopback address.
    #[arg(long, value_name = "HOST:PORT")]
    pub pigpiod: Option<Address>,

    /// File to save the state of the lamp in
    #[arg(long, value_name = "FILE", default_value = crate::paths::STATE)]
    pub state: PathBuf,

    /// State of the lamp after a start
    #[arg(long, value_name = "STATE", default_value = "last", value_enum)]
    pub restore: Restore,

    /// Seconds that a change of colour takes, 0 to 60
    ///
    /// Each LED goes from its present level to the new one in a straight line. A change during a transition
    /// starts at the levels of that moment.
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub transition: Duration,

    /// Exponent that corrects the brightness for the eye, 1 to 3
    ///
    /// Half the power looks far more than half as bright; 2.2 corrects that. With 1, the power is
    /// proportional to the requested brightness. The correction never turns off an LED that is lit.
    #[arg(long, value_name = "EXPONENT", default_value = "1", value_parser = exponent)]
    pub gamma: f64,

    /// PWM frequency of the LEDs in Hz
    ///
    /// A lower frequency has more levels of dim light. Below 200 Hz the light would flicker visibly. With
    /// pigpiod's default sample time of 5 microseconds:
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

    /// Announce the lamp to Home Assistant under this discovery prefix
    ///
    /// Home Assistant's default prefix is homeassistant. The lamp appears there as a light with colour,
    /// brightness and transitions, by MQTT discovery. This adds two topics; the other topics of the lamp stay
    /// the same. The lamp disappears from Home Assistant when you remove the setting, after SIGHUP or the
    /// next start, and when you remove the package.
    #[arg(long, value_name = "PREFIX", value_parser = prefix)]
    pub home_assistant: Option<String>,

    /// Set the panel's backlight by messages on lamp/backlight: yes or no
    ///
    /// A message is {"backlight": 0.5}, with a number from 0 (dark) to 1. A retained message applies again
    /// after each start. lamp_service does not change GPIO 18 before the first message. It never changes the
    /// pin if the kernel drives a backlight by a pin, or if GPIO 18 serves sound or another device of the
    /// processor. This needs pigpio's own daemon, because lampi-pigpiod changes no pins except those of the
    /// LEDs.
    #[arg(
        long,
        value_name = "WHETHER",
        default_value = "no",
        action = clap::ArgAction::Set,
        value_parser = yes_or_no
    )]
    pub backlight: bool,

    /// File with more settings; it need not exist
    ///
    /// Each line is the name of an option, = and its value, such as: transition = 0.5. Options on the command
    /// line take precedence. lamp_service reads the file at its start and on SIGHUP; see
    /// lamp_service.conf(5).
    #[arg(long, value_name = "FILE", default_value = crate::paths::SETTINGS)]
    pub settings: PathBuf,

    /// Remove the lamp from Home Assistant and exit
    ///
    /// A lamp_service with the setting home-assistant announces the lamp again at its next start.
    #[arg(long, conflicts_with = "check")]
    pub forget_home_assistant: bool,

    /// Check the settings, the state file, pigpiod and the broker, and exit
    ///
    /// This changes nothing and does not disturb a running lamp_service.
    #[arg(long)]
    pub check: bool,
}

/// State of a lamp after a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Restore {
    /// The last state
    Last,
    /// On, with the last colour
    On,
    /// Off; turning the lamp on restores the last colour
    Off,
}

impl Cli {
    /// Address of pigpiod: that of the option, or else that of the variables PIGPIO_ADDR and PIGPIO_PORT.
    pub fn pigpiod(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Address, String> {
        if let Some(address) = &self.pigpiod {
            return Ok(address.clone());
        }
        pigpiod_by_variables(variable)
    }

    /// The user at the broker: that of the options, or else that of the variables.
    pub fn user(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Option<User>, String> {
        self.login.user(variable)
    }
}

/// Address of pigpiod by the variables `PIGPIO_ADDR` and `PIGPIO_PORT`, which every client of pigpiod reads.
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

/// The frequencies of pigpiod that fit the lamp: too fast for the eye to see flicker, and with no more levels
/// than the range of a duty cycle.
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
        Err("it must be the beginning of a topic: letters, digits, _ and -, with / between levels".into())
    }
}
