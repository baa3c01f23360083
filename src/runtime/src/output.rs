// SPDX-License-Identifier: GPL-3.0-or-later
//! Standard output, which may be a pipe that its reader has closed, or a file on a full disk.

use std::fmt;
use std::io::{self, ErrorKind, Write};

/// Why something could not be printed.
#[derive(Debug)]
pub enum Error {
    /// The reader closed standard output, as a pager does. Not a failure for [`crate::exit_code`].
    Closed,
    /// Anything else.
    Io(io::Error),
}

/// Prints a line.
pub fn line(text: &str) -> Result<(), Error> {
    bytes(format!("{text}\n").as_bytes())
}

/// Prints bytes as they are.
pub fn bytes(text: &[u8]) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Error::Closed,
        _ => Error::Io(error),
    })
}

/// Prints `text`, and ignores a closed standard output: for programs that have more to do than to print.
pub fn print(text: fmt::Arguments) -> Result<(), Error> {
    match bytes(text.to_string().as_bytes()) {
        Err(Error::Closed) => Ok(()),
        result => result,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => formatter.write_str("standard output is closed"),
            Self::Io(error) => write!(formatter, "cannot write to standard output: {error}"),
        }
    }
}

impl std::error::Error for Error {}
