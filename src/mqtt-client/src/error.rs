// SPDX-License-Identifier: GPL-3.0-or-later
//! Errors of a connection to a broker.

use std::fmt;
use std::io::{self, ErrorKind};

use crate::Login;

/// Why a connection to the broker fails. The text is a clause about "it", the broker.
#[derive(Debug)]
pub enum Error {
    /// The broker refuses this client, for this reason.
    Refused(String),
    /// The broker refuses this login, or requires one.
    NotAuthorized(Option<Login>),
    /// The login cannot be read, for this reason.
    NoLogin(String),
    /// The connection cannot be made or fails, for this reason.
    Lost(String),
    /// The broker closed the connection.
    Closed,
    /// The broker closed the connection without an answer to CONNECT, a packet of this size in bytes.
    Unanswered(usize),
    /// The broker does not answer in time.
    NoAnswer,
    /// The broker sent a packet that exceeds the limit of this client.
    TooLarge,
    /// The thread of the connection cannot be started.
    Thread(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) | Self::Lost(reason) | Self::NoLogin(reason) => formatter.write_str(reason),
            Self::NotAuthorized(None) => formatter.write_str(
                "it refuses the connection: not authorized; it requires a user name and a password",
            ),
            Self::NotAuthorized(Some(Login { username, password })) => {
                let name = username.escape_debug();
                formatter.write_str("it refuses the connection: not authorized; ")?;
                match password {
                    None => {
                        write!(formatter, "the user name '{name}' is wrong, or it requires a password too")
                    }
                    Some(password) => write!(
                        formatter,
                        "the user name '{name}' or the password in {} is wrong",
                        password.file.display()
                    ),
                }
            }
            Self::Closed => formatter.write_str("it closed the connection"),
            Self::Unanswered(size) => write!(
                formatter,
                "it closed the connection without an answer to a CONNECT packet of {size} bytes; check \
                 max_packet_size, max_connections and TLS in mosquitto.conf"
            ),
            Self::NoAnswer => formatter.write_str("it does not answer"),
            Self::TooLarge => formatter.write_str("it sent a packet of more than 4 MiB"),
            Self::Thread(error) => {
                write!(formatter, "cannot start the thread of the MQTT connection: {error}")
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Lost(error.to_string()),
        }
    }
}
