// SPDX-License-Identifier: GPL-3.0-or-later
//! User names and passwords for brokers that require them.

use std::fmt;
use std::path::PathBuf;

/// A user name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password. Some brokers require only the user name.
    pub password: Option<Password>,
}

/// A password and its file.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    /// The password itself. It is never printed.
    pub secret: Vec<u8>,
    /// The file that contains it, for messages.
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
