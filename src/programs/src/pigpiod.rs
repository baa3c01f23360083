// SPDX-License-Identifier: GPL-3.0-or-later
//! The definition of `lampi-pigpiod`'s command line, help and man page.

#![allow(clippy::doc_markdown, reason = "the help prints these comments as they are")]

use std::ffi::OsString;
use std::path::PathBuf;

use crate::manual::{Manual, USAGE_ERROR};

/// The rest of the man page.
pub(crate) const MANUAL: Manual = Manual {
    sections: &[("PWM frequencies", FREQUENCIES)],
    exit_status: &[
        ("0", "A signal stopped lampi-pigpiod."),
        ("1", "lampi-pigpiod could not start."),
        USAGE_ERROR,
    ],
    files: &[
        ("/var/run/pigpio.pid", "The lock file, which pigpio's own daemon also uses."),
        ("/sys/class/pwm", "The kernel's PWM chips."),
        ("/dev/pigpio", "The FIFO of pigpio's own daemon."),
    ],
    environment: &[("PIGPIO_PORT", "Port to listen on; it takes precedence over -p.")],
    examples: &[("/usr/libexec/lampi/pigpiod -g -l", "Run in the foreground, on the loopback addresses.")],
    see_also: &["lampi-pwm(1)", "lamp_service(1)", "lampi(1)", "pigpiod(1)", "pigs(1)"],
};

/// Drive the LEDs and the button of a LAMPI lamp, or start pigpio's daemon.
///
/// Supervisor starts lampi-pigpiod under the name pigpiod. At each start it selects a daemon, and logs in one
/// line which one runs, and why:
///
/// First, if the kernel has a PWM chip for each of GPIO 19, 26 and 13, from the overlay pwm-gpio,
/// lampi-pigpiod itself drives the LEDs.
///
/// Second, if another pigpiod is in PATH and supports the board, lampi-pigpiod starts it in place of itself,
/// with the same options. pigpio does not support the Pi 5. If IPv6 is disabled on the loopback, and the
/// options include -l and no -n, lampi-pigpiod adds -n 127.0.0.1; pigpio could not listen otherwise.
/// lampi-pigpiod skips a pigpiod that failed at its last start, which means that it ended within 5 s and
/// created nothing in /dev. It retries that pigpiod after 10 s, then after twice the time for each further
/// failure, and at least once an hour.
///
/// Otherwise, lampi-pigpiod runs without LEDs. It serves the button, and rejects requests for the LEDs with
/// an error that lamp_service logs. It drives the LEDs as soon as the kernel has PWM chips for all three.
///
/// lampi-pigpiod does not load an overlay. `lampi doctor` reports what a machine needs for its LEDs.
///
/// lampi-pigpiod implements the parts of the protocol of pigpiod(1) that LEDs and button need, on 127.0.0.1
/// and ::1 only. The LEDs keep their light when it stops and when it starts again. SIGTERM, SIGINT and SIGHUP
/// stop it. Like pigpio, it requires root.
#[derive(Debug, Clone, PartialEq, clap::Parser)]
#[command(
    name = "lampi-pigpiod",
    bin_name = "lampi-pigpiod",
    version,
    args_override_self = true,
    disable_version_flag = true,
    after_long_help = MANUAL.help()
)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of pigpiod that has no value")]
pub struct Cli {
    /// TCP port to listen on, 1024 to 32000
    ///
    /// As in pigpio, the environment variable PIGPIO_PORT takes precedence.
    #[arg(
        short = 'p',
        value_name = "PORT",
        default_value_t = pigpio::protocol::PORT,
        allow_hyphen_values = true,
        value_parser = port
    )]
    pub port: u16,

    /// Pins that clients may change, as bits; 0x04082000 is the LEDs
    #[arg(short = 'x', value_name = "MASK", allow_hyphen_values = true, value_parser = mask)]
    pub changeable: Option<u64>,

    /// Run in the foreground; lampi-pigpiod always does
    #[arg(short = 'g')]
    pub foreground: bool,

    /// Listen on loopback addresses only; lampi-pigpiod always does
    #[arg(short = 'l')]
    pub local: bool,

    /// Address that may connect to pigpio
    #[arg(short = 'n', value_name = "ADDRESS")]
    pub allowed: Vec<String>,

    /// Memory allocation of pigpio
    #[arg(short = 'a', value_name = "MODE", allow_hyphen_values = true)]
    pub memory: Option<String>,

    /// Buffer of pigpio, in milliseconds
    #[arg(short = 'b', value_name = "TIME", allow_hyphen_values = true)]
    pub buffer: Option<String>,

    /// Internal settings of pigpio
    #[arg(short = 'c', value_name = "SETTINGS", allow_hyphen_values = true)]
    pub internals: Option<String>,

    /// First DMA channel of pigpio
    #[arg(short = 'd', value_name = "CHANNEL", allow_hyphen_values = true)]
    pub first_channel: Option<String>,

    /// Second DMA channel of pigpio
    #[arg(short = 'e', value_name = "CHANNEL", allow_hyphen_values = true)]
    pub second_channel: Option<String>,

    /// Create no FIFO in /dev; only pigpio has one
    #[arg(short = 'f')]
    pub no_fifo: bool,

    /// Listen on no socket; lampi-pigpiod ignores this
    #[arg(short = 'k')]
    pub no_socket: bool,

    /// Report no changes of pins; lampi-pigpiod ignores this
    #[arg(short = 'm')]
    pub no_alerts: bool,

    /// Sample time of pigpio, in microseconds
    #[arg(short = 's', value_name = "TIME", allow_hyphen_values = true)]
    pub sample: Option<String>,

    /// Clock of pigpio
    #[arg(short = 't', value_name = "CLOCK", allow_hyphen_values = true)]
    pub clock: Option<String>,

    /// Print the version of pigpio's protocol and exit
    #[arg(short = 'v', short_alias = 'V')]
    pub pigpio_version: bool,

    /// Print version
    #[arg(long, action = clap::ArgAction::Version)]
    version: Option<bool>,

    /// Arguments that are not options, which pigpio ignores
    #[arg(value_name = "WORD", hide = true)]
    pub others: Vec<OsString>,

    /// Root directory of all files, those of the kernel included, for tests
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    pub root: PathBuf,
}

/// The PWM interrupts the processor twice for each of three pins in a period. 6000 interrupts a second take 1
/// to 3 % of a Pi Zero; a core of a Pi Zero 2 does more than twice as much in that time.
const FREQUENCIES: &str = "\
The client sets the frequency, such as lamp_service with its option --frequency. The kernel sets the duty \
cycle to the nanosecond, so the number of levels is the range, 1000 with lamp_service, and the smallest step \
is that fraction of a period. lampi-pigpiod reports the levels that pigpio has with samples of 5 us, so that \
programs work the same way with both.

The PWM interrupts the processor twice in a period for each LED. The load below is that of one of the four \
cores of a Pi Zero 2. It is an estimate and not a measurement: 1 to 3 % of a Pi Zero at 1000 Hz, less than \
half of that on the faster core, and in proportion to the frequency.

8000 Hz: 25 levels in pigpio, smallest step of 1000 here 0.125 us, no flicker, load 4 to 11 %

4000 Hz: 50 levels, 0.25 us, no flicker, 2 to 6 %

2000 Hz: 100 levels, 0.5 us, no flicker, 1 to 3 %

1600 Hz: 125 levels, 0.63 us, no flicker, 0.8 to 2.2 %

1000 Hz: 200 levels, 1 us, no flicker, 0.5 to 1.4 %

800 Hz: 250 levels, 1.25 us, no flicker, 0.4 to 1.1 %

500 Hz: 400 levels, 2 us, stripes in some cameras, 0.3 to 0.7 %

400 Hz: 500 levels, 2.5 us, stripes in some cameras, 0.2 to 0.6 %

320 Hz: 625 levels, 3.1 us, stripes in some cameras, 0.2 to 0.5 %

250 Hz: 800 levels, 4 us, visible as dots when the eye moves, 0.1 to 0.4 %

200 Hz: 1000 levels, 5 us, visible as dots when the eye moves, 0.1 to 0.3 %

160, 100, 80, 50, 40, 20 and 10 Hz: 1250 to 20000 levels, from 6.25 us, flicker, below 0.3 %

The default of lamp_service is 1000 Hz. That is far above what the eye sees, even when it moves, and by the \
estimate takes about one hundredth of one of four cores, so a lower frequency can save no more than that. A \
reason for 200 Hz is very dim light: a timer that is late by one or two microseconds changes a step of 1 us \
more than a step of 5 us. The default of pigpio and of lampi-pigpiod for other pins is 800 Hz.";

impl Cli {
    /// The port to listen on: that of the variable PIGPIO_PORT, which also takes precedence in pigpio, or
    /// else the option.
    pub fn port(&self, variable: Option<&str>) -> Result<u16, String> {
        match variable {
            None | Some("") => Ok(self.port),
            Some(text) => text.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
                format!("the environment variable PIGPIO_PORT is {text:?}; it must be a port from 1 to 65535")
            }),
        }
    }
}

/// A port in pigpio's range.
fn port(text: &str) -> Result<u16, String> {
    let port = number(text).and_then(|number| u16::try_from(number).ok());
    port.filter(|port| (1024..=32000).contains(port))
        .ok_or_else(|| "it must be a port from 1024 to 32000".into())
}

/// Pins as bits; -1 is all of them.
fn mask(text: &str) -> Result<u64, String> {
    number(text).map(i64::cast_unsigned).ok_or_else(|| "it must be a number, for example 0x04082000".into())
}

/// A number as pigpio reads it with strtoll: decimal, octal after 0, hexadecimal after 0x, or empty for 0. A
/// number that is too large becomes the largest one.
fn number(text: &str) -> Option<i64> {
    let text = text.trim_ascii_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if text.is_empty() {
        return Some(0);
    }
    let (radix, digits) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (16, digits),
        None if digits.starts_with('0') => (8, digits),
        None => (10, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let limit = if sign < 0 { i64::MIN } else { i64::MAX };
    digits.chars().try_fold(0_i64, |number, digit| {
        let digit = i64::from(digit.to_digit(radix)?);
        let next = number.checked_mul(radix.into()).and_then(|number| number.checked_add(sign * digit));
        Some(next.unwrap_or(limit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_as_pigpio_does() {
        for (text, expected) in [
            ("", Some(0)),
            ("0", Some(0)),
            ("010", Some(8)),
            ("0x22b8", Some(8888)),
            (" +12", Some(12)),
            ("-1", Some(-1)),
            ("0xFFFFFFFFFFFFFFFF", Some(i64::MAX)),
            ("-99999999999999999999", Some(i64::MIN)),
            ("0x", None),
            ("--5", None),
            ("5x", None),
            ("08", None),
            ("-", None),
        ] {
            assert_eq!(number(text), expected, "{text:?}");
        }
        assert_eq!(port("0x22b8"), Ok(8888));
        assert!(port("80").is_err());
        assert_eq!(mask("-1"), Ok(u64::MAX));
    }
}
