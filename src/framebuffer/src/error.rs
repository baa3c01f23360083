// SPDX-License-Identifier: GPL-3.0-or-later
//! This library's error: a sentence for the user and a kind for the program.

use std::fmt;

/// What a program can do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The device or file does not exist now. It may appear later, for example when a panel's driver has
    /// loaded.
    Missing,
    /// It was usable and is not any more: unplugged, deleted, truncated or set to another mode. Opening it
    /// again may help.
    Lost,
    /// It exists but cannot be used. Waiting does not help.
    Unusable,
    /// Another process has claimed it.
    InUse,
}

/// Why a surface could not be opened, read or written. Displays as one sentence that names the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    sentence: String,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, sentence: impl Into<String>) -> Self {
        Self { kind, sentence: sentence.into() }
    }

    pub(crate) fn unusable(sentence: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unusable, sentence)
    }

    /// What a program can do about the error.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Error {}
