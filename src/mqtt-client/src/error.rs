// SPDX-License-Identifier: GPL-3.0-or-later
//! What can go wrong with a broker.

use std::fmt;
use std::io;

/// Why there is no answer of the broker.
#[derive(Debug)]
pub enum Error {
    /// It refuses this client, for the reason in words.
    Refused(String),
    /// There is no connection to it (any more), for the reason in words.
    Lost(String),
    /// It has not answered in time.
    NoAnswer,
    /// It has sent a packet that is too large to be taken.
    TooLarge,
    /// The thread of the connection cannot be started.
    Thread(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) | Self::Lost(reason) => formatter.write_str(reason),
            Self::NoAnswer => formatter.write_str("it does not answer"),
            Self::TooLarge => formatter.write_str("it sends a packet of more than 4 MiB"),
            Self::Thread(error) => {
                write!(formatter, "cannot start the thread of the MQTT connection: {error}")
            }
        }
    }
}

impl std::error::Error for Error {}
