// SPDX-License-Identifier: GPL-3.0-or-later
//! What can go wrong with a broker.

use std::fmt;
use std::io;

use crate::Login;

/// Why there is no answer of the broker.
#[derive(Debug)]
pub enum Error {
    /// It refuses this client, for the reason in words.
    Refused(String),
    /// It refuses this client because of who it says that it is, or because it does not say so.
    NotAuthorized(Option<Login>),
    /// Who the client is cannot be found out, for the reason in words.
    NoLogin(String),
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
            Self::Refused(reason) | Self::Lost(reason) | Self::NoLogin(reason) => formatter.write_str(reason),
            Self::NotAuthorized(None) => formatter.write_str(
                "it refuses the connection: not authorized; it asks for a user name and a password",
            ),
            Self::NotAuthorized(Some(Login { username, password })) => {
                let name = username.escape_debug();
                formatter.write_str("it refuses the connection: not authorized; ")?;
                match password {
                    None => {
                        write!(formatter, "the user name '{name}' is wrong, or it asks for a password too")
                    }
                    Some(password) => write!(
                        formatter,
                        "the user name '{name}' or the password in {} is wrong",
                        password.file.display()
                    ),
                }
            }
            Self::NoAnswer => formatter.write_str("it does not answer"),
            Self::TooLarge => formatter.write_str("it sends a packet of more than 4 MiB"),
            Self::Thread(error) => {
                write!(formatter, "cannot start the thread of the MQTT connection: {error}")
            }
        }
    }
}

impl std::error::Error for Error {}
