// SPDX-License-Identifier: GPL-3.0-or-later
//! What can go wrong, with pigpiod's own codes by name.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::Command;

/// A negative result of pigpiod. The constants have the names of `pigpio.h` without their `PI_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode(pub i32);

impl ErrorCode {
    /// A pin above 31 was asked for what only those up to 31 can do.
    pub const BAD_USER_GPIO: Self = Self(-2);
    /// There is no such pin.
    pub const BAD_GPIO: Self = Self(-3);
    /// There is no such mode.
    pub const BAD_MODE: Self = Self(-4);
    /// A level is 0 or 1.
    pub const BAD_LEVEL: Self = Self(-5);
    /// There is no such pull resistor.
    pub const BAD_PUD: Self = Self(-6);
    /// The duty cycle is above the range.
    pub const BAD_DUTYCYCLE: Self = Self(-8);
    /// There is no such range.
    pub const BAD_DUTYRANGE: Self = Self(-21);
    /// All connections of reports are taken.
    pub const NO_HANDLE: Self = Self(-24);
    /// Nobody has opened reports under this number.
    pub const BAD_HANDLE: Self = Self(-25);
    /// The daemon is still starting or already ending.
    pub const NOT_INITIALISED: Self = Self(-31);
    /// This pin is not to be changed.
    pub const NOT_PERMITTED: Self = Self(-41);
    /// Somebody else uses the pin.
    pub const GPIO_IN_USE: Self = Self(-50);
    /// There is no such command.
    pub const UNKNOWN_COMMAND: Self = Self(-88);
    /// The pin is not driven by PWM.
    pub const NOT_PWM_GPIO: Self = Self(-92);
    /// There is no hardware that could drive the pin by PWM.
    ///
    /// pigpio gives it to requests for hardware PWM alone, so a client that gets it for a duty cycle or a level knows
    /// that the daemon is the lamp's own, and that it waits for the kernel's PWM.
    pub const NOT_HPWM_GPIO: Self = Self(-95);
    /// A filter's time is too long.
    pub const BAD_FILTER: Self = Self(-125);

    /// The name in `pigpio.h` and its meaning, for those codes that the commands of this client can give.
    fn described(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::BAD_USER_GPIO => ("PI_BAD_USER_GPIO", "PWM is possible on GPIO 0 to 31 only"),
            Self::BAD_GPIO => ("PI_BAD_GPIO", "there is no such GPIO"),
            Self::BAD_MODE => ("PI_BAD_MODE", "there is no such mode"),
            Self::BAD_PUD => ("PI_BAD_PUD", "there is no such pull resistor"),
            Self::BAD_DUTYCYCLE => ("PI_BAD_DUTYCYCLE", "the duty cycle is above the range of the GPIO"),
            Self::BAD_DUTYRANGE => ("PI_BAD_DUTYRANGE", "the range must be 25 to 40000"),
            Self::NOT_INITIALISED => ("PI_NOT_INITIALISED", "pigpiod is still starting or already ending"),
            Self::NOT_PERMITTED => {
                ("PI_NOT_PERMITTED", "pigpiod's option -x, or this model of the Pi, forbids this GPIO")
            }
            Self::GPIO_IN_USE => ("PI_GPIO_IN_USE", "another program uses this GPIO"),
            Self::UNKNOWN_COMMAND => {
                ("PI_UNKNOWN_COMMAND", "this pigpiod does not know the command; it is too old")
            }
            Self::NOT_PWM_GPIO => ("PI_NOT_PWM_GPIO", "the GPIO is not driven by PWM"),
            Self::NOT_HPWM_GPIO => ("PI_NOT_HPWM_GPIO", "the kernel has no PWM for this GPIO"),
            _ => return None,
        })
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.described() {
            Some((name, meaning)) => write!(formatter, "{name} ({}): {meaning}", self.0),
            None => write!(formatter, "pigpio error {}", self.0),
        }
    }
}

/// Why something could not be done.
#[derive(Debug)]
pub enum Error {
    /// The host's name could not be resolved.
    Resolve(String, io::Error),
    /// None of the host's addresses took the connection.
    Connect(Vec<(SocketAddr, io::Error)>),
    /// The connection broke or took too long. It cannot be used any further.
    Lost(SocketAddr, io::Error),
    /// What answers is not pigpiod. The connection cannot be used any further.
    NotPigpiod(SocketAddr),
    /// pigpiod refused this command of the batch; it has carried out the others.
    Refused(Command, ErrorCode),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve(host, error) => write!(formatter, "cannot find the address of {host}: {error}"),
            Self::Connect(attempts) => {
                formatter.write_str("cannot connect to pigpiod: ")?;
                for (index, (address, error)) in attempts.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(formatter, "{separator}{address}: {error}")?;
                }
                Ok(())
            }
            Self::Lost(address, error) => match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    write!(formatter, "pigpiod at {address} closed the connection")
                }
                // The kernel's words for a timeout, "Resource temporarily unavailable", would mislead.
                io::ErrorKind::WouldBlock => write!(formatter, "pigpiod at {address} does not answer"),
                _ => write!(formatter, "connection to pigpiod at {address}: {error}"),
            },
            Self::NotPigpiod(address) => {
                write!(formatter, "what answers at {address} is not pigpiod; check host and port")
            }
            Self::Refused(command, code) => write!(formatter, "pigpiod refused {command:?}: {code}"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sentences() {
        let refused = Error::Refused(Command::SetDutyCycle(19, 1001), ErrorCode::BAD_DUTYCYCLE);
        assert_eq!(
            refused.to_string(),
            "pigpiod refused SetDutyCycle(19, 1001): PI_BAD_DUTYCYCLE (-8): the duty cycle is above the range of the \
             GPIO"
        );
        assert_eq!(ErrorCode(-146).to_string(), "pigpio error -146");
    }
}
