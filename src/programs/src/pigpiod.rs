// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line, from which the help and the man page are made too.

#![allow(clippy::doc_markdown, reason = "people see these comments as they are, in a terminal")]

use std::ffi::OsString;
use std::path::PathBuf;

/// Drive the LEDs and the button of a LAMPI lamp by the kernel, or by pigpio where that is the better one.
///
/// lampi-pigpiod is what Supervisor starts under the name pigpiod. At each start it looks at the machine and says in one line
/// which daemon runs, and why:
///
/// First, if the kernel has a PWM chip for each of GPIO 19, 26 and 13, by the overlay pwm-gpio, lampi-pigpiod itself runs.
///
/// Else, if another pigpiod is on the PATH, pigpio knows the board (it does not know the Pi 5), and it did not end at once
/// when it was started last, that one is started in place of this process, with all options unchanged. Only where IPv6 is
/// switched off on the loopback, and the options hold -l and no -n, -n 127.0.0.1 is added: pigpio could not listen otherwise. It
/// has ended at once if that took less than 5 seconds and it made nothing in /dev. That is believed for 10 seconds; then it is
/// tried again, after each further refusal in a row half as often, at least once in an hour.
///
/// Else lampi-pigpiod itself runs without LEDs. It serves the button, refuses to set the LEDs with an error that lamp_service
/// puts into words, and drives them as soon as the kernel has chips for all three.
///
/// No overlay is loaded by this. `lampi doctor` says what a machine needs for its LEDs.
///
/// It speaks the protocol of pigpiod(1), as far as LEDs and button need it, on 127.0.0.1 and ::1 alone. The LEDs keep their
/// light when it ends and when it starts again. SIGTERM, SIGINT and SIGHUP end it. It needs root, as pigpio does.
///
/// The exit status is 0 when it was ended so, 1 when it could not start, and 2 when the call was wrong.
#[derive(Debug, Clone, PartialEq, clap::Parser)]
#[command(
    name = "lampi-pigpiod",
    bin_name = "lampi-pigpiod",
    version,
    args_override_self = true,
    disable_version_flag = true,
    after_long_help = FREQUENCIES
)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of pigpiod that has no value")]
pub struct Cli {
    /// TCP port to listen on, 1024 to 32000. The environment variable PIGPIO_PORT comes before it, as with pigpio.
    #[arg(short = 'p', value_name = "PORT", default_value_t = pigpio::protocol::PORT, allow_hyphen_values = true, value_parser = port)]
    pub port: u16,

    /// Pins that may be changed, a bit for each, for example 0x04082000 for the LEDs alone.
    #[arg(short = 'x', value_name = "MASK", allow_hyphen_values = true, value_parser = mask)]
    pub changeable: Option<u64>,

    /// Run in the foreground. It always does; pigpio does only so.
    #[arg(short = 'g')]
    pub foreground: bool,

    /// Listen on loopback addresses only. It always does; pigpio does only so.
    #[arg(short = 'l')]
    pub local: bool,

    /// Address that may connect to pigpio.
    #[arg(short = 'n', value_name = "ADDRESS")]
    pub allowed: Vec<String>,

    /// How pigpio finds memory.
    #[arg(short = 'a', value_name = "MODE", allow_hyphen_values = true)]
    pub memory: Option<String>,

    /// pigpio's buffer, in milliseconds.
    #[arg(short = 'b', value_name = "TIME", allow_hyphen_values = true)]
    pub buffer: Option<String>,

    /// pigpio's internal settings.
    #[arg(short = 'c', value_name = "SETTINGS", allow_hyphen_values = true)]
    pub internals: Option<String>,

    /// pigpio's first DMA channel.
    #[arg(short = 'd', value_name = "CHANNEL", allow_hyphen_values = true)]
    pub first_channel: Option<String>,

    /// pigpio's second DMA channel.
    #[arg(short = 'e', value_name = "CHANNEL", allow_hyphen_values = true)]
    pub second_channel: Option<String>,

    /// Have no FIFO in /dev. Only pigpio has one.
    #[arg(short = 'f')]
    pub no_fifo: bool,

    /// Have pigpio listen on no socket. Without one this daemon would be of no use, so it listens all the same.
    #[arg(short = 'k')]
    pub no_socket: bool,

    /// Have pigpio not look for changes of pins. This daemon tells them all the same, as it costs nothing here.
    #[arg(short = 'm')]
    pub no_alerts: bool,

    /// pigpio's sample time, in microseconds.
    #[arg(short = 's', value_name = "TIME", allow_hyphen_values = true)]
    pub sample: Option<String>,

    /// pigpio's clock.
    #[arg(short = 't', value_name = "CLOCK", allow_hyphen_values = true)]
    pub clock: Option<String>,

    /// Print the version of pigpio whose protocol this is, and end.
    #[arg(short = 'v', short_alias = 'V')]
    pub pigpio_version: bool,

    /// Print version
    #[arg(long, action = clap::ArgAction::Version)]
    version: Option<bool>,

    /// Words that are no options, which pigpio passes over.
    #[arg(value_name = "WORD", hide = true)]
    pub others: Vec<OsString>,

    /// Folder below which all files are, those of the kernel included. For tests.
    #[arg(long, value_name = "FOLDER", default_value = "/", hide = true)]
    pub root: PathBuf,
}

/// Interrupts: two for each of three pins in a period. 6000 a second take 1 to 3 % of a Pi Zero; a core of a Pi Zero 2 does
/// more than twice as much in that time.
const FREQUENCIES: &str = "\
PWM frequencies

Whoever sets the colour chooses the frequency; for lamp_service that is its option --frequency. The kernel knows the duty cycle \
to the nanosecond, so there are as many levels as the range says, 1000 with lamp_service; the smallest step is that part of a \
period. What lampi-pigpiod tells of levels is what pigpio has with its samples of 5 microseconds, so that programs behave alike \
on both.

The processor is interrupted twice in a period for each LED. The share below is that of one of the four cores of a Pi Zero 2. It \
is an estimate, not a measurement: 1 to 3 % of a Pi Zero at 1000 Hz, less than half of that on the faster core, and in \
proportion to the frequency.

8000 Hz: 25 levels in pigpio, smallest step of 1000 here 0.125 us, no flicker, 4 to 11 %

4000 Hz: 50 levels, 0.25 us, no flicker, 2 to 6 %

2000 Hz: 100 levels, 0.5 us, no flicker, 1 to 3 %

1600 Hz: 125 levels, 0.63 us, no flicker, 0.8 to 2.2 %

1000 Hz: 200 levels, 1 us, no flicker, 0.5 to 1.4 %

800 Hz: 250 levels, 1.25 us, no flicker, 0.4 to 1.1 %

500 Hz: 400 levels, 2 us, none to the eye, stripes in some cameras, 0.3 to 0.7 %

400 Hz: 500 levels, 2.5 us, as before, 0.2 to 0.6 %

320 Hz: 625 levels, 3.1 us, as before, 0.2 to 0.5 %

250 Hz: 800 levels, 4 us, seen as dots when the eye moves, 0.1 to 0.4 %

200 Hz: 1000 levels, 5 us, as before, 0.1 to 0.3 %

160, 100, 80, 50, 40, 20 and 10 Hz: 1250 to 20000 levels, from 6.25 us, flickers, below 0.3 %

lamp_service's default is 1000 Hz: far above what the eye sees, also when it moves, and by the estimate about a hundredth of one \
core of four, so that a lower frequency could save no more than that. The one reason to go down to 200 Hz is very dim light: a \
timer that is late by a microsecond or two changes a step of 1 us more than one of 5 us. pigpio's own default, for a pin of which \
nobody says anything, is 800 Hz, here too.";

impl Cli {
    /// The port to listen on: what the variable PIGPIO_PORT says, which pigpio takes before its option too, else the option.
    pub fn port(&self, variable: Option<&str>) -> Result<u16, String> {
        match variable {
            None | Some("") => Ok(self.port),
            Some(text) => text.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
                format!("the environment variable PIGPIO_PORT is {text:?}; it must be a port from 1 to 65535")
            }),
        }
    }
}

/// A port that pigpio allows.
fn port(text: &str) -> Result<u16, String> {
    let port = number(text).and_then(|number| u16::try_from(number).ok());
    port.filter(|port| (1024..=32000).contains(port))
        .ok_or_else(|| "it must be a port from 1024 to 32000".into())
}

/// Pins as bits; -1 is all of them.
fn mask(text: &str) -> Result<u64, String> {
    number(text).map(i64::cast_unsigned).ok_or_else(|| "it must be a number, for example 0x04082000".into())
}

/// A number as strtoll reads it, with which pigpio reads its own: decimal, octal after 0, hexadecimal after 0x, nothing
/// for 0; what is too large is the largest.
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
    fn numbers_are_read_as_pigpio_reads_them() {
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
