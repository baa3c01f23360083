// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a file was not taken out of action.

use std::fmt;

/// Why a file was not taken out of action, as a sentence that names it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// It, its backup or the journal could not be read or written.
    File(system_files::Error),
    /// There is no file any more.
    Gone(String),
    /// It is another one than was found.
    Changed(String),
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => error.source(),
            Self::Gone(_) | Self::Changed(_) => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(formatter),
            Self::Gone(path) => write!(formatter, "{path} is gone"),
            Self::Changed(path) => {
                write!(formatter, "{path} was changed by somebody else just now; run the command again")
            }
        }
    }
}

impl From<system_files::Error> for Error {
    fn from(error: system_files::Error) -> Self {
        Self::File(error)
    }
}
