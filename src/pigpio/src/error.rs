// SPDX-License-Identifier: GPL-3.0-or-later
//! Errors, with pigpiod's codes by name.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::Command;

/// A negative result of pigpiod. The constants have the names of `pigpio.h` without their `PI_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode(pub i32);

impl ErrorCode {
    /// The command supports only the pins 0 to 31.
    pub const BAD_USER_GPIO: Self = Self(-2);
    /// The pin does not exist.
    pub const BAD_GPIO: Self = Self(-3);
    /// The mode does not exist.
    pub const BAD_MODE: Self = Self(-4);
    /// The level is not 0 or 1.
    pub const BAD_LEVEL: Self = Self(-5);
    /// The pull resistor does not exist.
    pub const BAD_PUD: Self = Self(-6);
    /// The duty cycle is above the range.
    pub const BAD_DUTYCYCLE: Self = Self(-8);
    /// The range is not 25 to 40000.
    pub const BAD_DUTYRANGE: Self = Self(-21);
    /// All handles of reports are in use.
    pub const NO_HANDLE: Self = Self(-24);
    /// No reports are open with this handle.
    pub const BAD_HANDLE: Self = Self(-25);
    /// The daemon is starting or stopping.
    pub const NOT_INITIALISED: Self = Self(-31);
    /// The pin must not be changed.
    pub const NOT_PERMITTED: Self = Self(-41);
    /// Another program uses the pin.
    pub const GPIO_IN_USE: Self = Self(-50);
    /// The command does not exist.
    pub const UNKNOWN_COMMAND: Self = Self(-88);
    /// The pin is not driven by PWM.
    pub const NOT_PWM_GPIO: Self = Self(-92);
    /// No hardware can drive the pin by PWM.
    ///
    /// pigpio returns it only for requests for hardware PWM. The lamp's own daemon also returns it for a duty
    /// cycle or a level, while the kernel has no PWM for the pin.
    pub const NOT_HPWM_GPIO: Self = Self(-95);
    /// The time of a filter is too long.
    pub const BAD_FILTER: Self = Self(-125);

    /// The name in `pigpio.h` and the meaning, for the codes that this client can get.
    fn described(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::BAD_USER_GPIO => ("PI_BAD_USER_GPIO", "PWM is possible on GPIO 0 to 31 only"),
            Self::BAD_GPIO => ("PI_BAD_GPIO", "this GPIO does not exist"),
            Self::BAD_MODE => ("PI_BAD_MODE", "this mode does not exist"),
            Self::BAD_PUD => ("PI_BAD_PUD", "this pull resistor does not exist"),
            Self::BAD_DUTYCYCLE => ("PI_BAD_DUTYCYCLE", "the duty cycle is above the range of the GPIO"),
            Self::BAD_DUTYRANGE => ("PI_BAD_DUTYRANGE", "the range must be from 25 to 40000"),
            Self::NOT_INITIALISED => ("PI_NOT_INITIALISED", "pigpiod is starting or stopping"),
            Self::NOT_PERMITTED => (
                "PI_NOT_PERMITTED",
                "pigpiod's option -x or this model of the Pi does not permit changes of this GPIO",
            ),
            Self::GPIO_IN_USE => ("PI_GPIO_IN_USE", "another program uses this GPIO"),
            Self::UNKNOWN_COMMAND => ("PI_UNKNOWN_COMMAND", "this pigpiod is too old for the command"),
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

/// Why a request failed.
#[derive(Debug)]
pub enum Error {
    /// The host name cannot be resolved.
    Resolve(String, io::Error),
    /// None of the host's addresses accepted the connection.
    Connect(Vec<(SocketAddr, io::Error)>),
    /// The connection failed or timed out. It is no longer usable.
    Lost(SocketAddr, io::Error),
    /// The peer is not pigpiod. The connection is no longer usable.
    NotPigpiod(SocketAddr),
    /// pigpiod refused this command of the batch and ran the others.
    Refused(Command, ErrorCode),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve(host, error) => write!(formatter, "cannot resolve the host name {host}: {error}"),
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
                // The kernel's message for a timeout, "Resource temporarily unavailable", is misleading.
                io::ErrorKind::WouldBlock => write!(formatter, "pigpiod at {address} does not answer"),
                _ => write!(formatter, "connection to pigpiod at {address} failed: {error}"),
            },
            Self::NotPigpiod(address) => {
                write!(formatter, "the service at {address} is not pigpiod; check host and port")
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
    fn errors_name_command_and_code() {
        let refused = Error::Refused(Command::SetDutyCycle(19, 1001), ErrorCode::BAD_DUTYCYCLE);
        assert_eq!(
            refused.to_string(),
            "pigpiod refused SetDutyCycle(19, 1001): PI_BAD_DUTYCYCLE (-8): the duty cycle is above the range of the \
             GPIO"
        );
        assert_eq!(ErrorCode(-146).to_string(), "pigpio error -146");
    }
}
