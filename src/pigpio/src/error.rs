// SPDX-License-Identifier: GPL-3.0-or-later
//! What can go wrong, with pigpiod's own codes by name.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::Command;

/// A negative result of pigpiod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode(pub i32);

impl ErrorCode {
    /// The name in `pigpio.h` and its meaning, for those codes that the commands of this client can give.
    fn described(self) -> Option<(&'static str, &'static str)> {
        Some(match self.0 {
            -2 => ("PI_BAD_USER_GPIO", "PWM is possible on GPIO 0 to 31 only"),
            -3 => ("PI_BAD_GPIO", "there is no such GPIO"),
            -4 => ("PI_BAD_MODE", "there is no such mode"),
            -6 => ("PI_BAD_PUD", "there is no such pull resistor"),
            -8 => ("PI_BAD_DUTYCYCLE", "the duty cycle is above the range of the GPIO"),
            -21 => ("PI_BAD_DUTYRANGE", "the range must be 25 to 40000"),
            -31 => ("PI_NOT_INITIALISED", "pigpiod is still starting or already ending"),
            -41 => ("PI_NOT_PERMITTED", "pigpiod's option -x, or this model of the Pi, forbids this GPIO"),
            -88 => ("PI_UNKNOWN_COMMAND", "this pigpiod does not know the command; it is too old"),
            -92 => ("PI_NOT_PWM_GPIO", "the GPIO is not driven by PWM"),
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
        let refused = Error::Refused(Command::SetDutyCycle(19, 1001), ErrorCode(-8));
        assert_eq!(
            refused.to_string(),
            "pigpiod refused SetDutyCycle(19, 1001): PI_BAD_DUTYCYCLE (-8): the duty cycle is above the range of the \
             GPIO"
        );
        assert_eq!(ErrorCode(-146).to_string(), "pigpio error -146");
    }
}
