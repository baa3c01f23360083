// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a file was not disabled.

use std::fmt;

/// Why a file was not disabled, as a sentence that names it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file, its backup or the journal could not be read or written.
    File(system_files::Error),
    /// The file does not exist any more.
    Gone(String),
    /// The file has changed since it was found.
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
            Self::Gone(path) => write!(formatter, "{path} does not exist any more; run the command again"),
            Self::Changed(path) => {
                write!(formatter, "{path} has just been changed by another program; run the command again")
            }
        }
    }
}

impl From<system_files::Error> for Error {
    fn from(error: system_files::Error) -> Self {
        Self::File(error)
    }
}
