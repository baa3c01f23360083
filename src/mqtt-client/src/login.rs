// SPDX-License-Identifier: GPL-3.0-or-later
//! Who a client says that it is, to a broker that asks.

use std::fmt;
use std::path::PathBuf;

/// A user name, and the password that proves it.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password; a broker may do without.
    pub password: Option<Password>,
}

/// A password and where it is from.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    /// The password itself, which is printed nowhere.
    pub secret: Vec<u8>,
    /// The file that it was read from, for messages.
    pub file: PathBuf,
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.password.as_ref().map(|password| &password.file);
        formatter
            .debug_struct("Login")
            .field("username", &self.username)
            .field("password_file", &file)
            .finish()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Password").field("file", &self.file).finish_non_exhaustive()
    }
}
