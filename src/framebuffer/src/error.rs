// SPDX-License-Identifier: GPL-3.0-or-later
//! The one error of this library: a sentence for a person, and a kind for the program that decides what to do.

use std::fmt;

/// What a program can do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no such device or file now; it may come later, as a panel whose driver is still loading does.
    Missing,
    /// It was usable and is no more: unplugged, deleted, cut short, or set to another mode. Opening it again may help.
    Lost,
    /// It is there and cannot be used as it is; waiting does not help.
    Unusable,
    /// Another process holds the claim on it.
    InUse,
}

/// Why a surface could not be opened, read or stored to. Displayed as one sentence that names the file.
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

    /// What can be done about it.
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
