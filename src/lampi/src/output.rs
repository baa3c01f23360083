// SPDX-License-Identifier: GPL-3.0-or-later
//! Standard output.

use std::fmt;
use std::io::{self, ErrorKind, Write};

/// Nobody reads the output any more, as when a pager was left: no failure.
#[derive(Debug)]
pub struct Unread;

/// Prints a line.
pub fn line(text: &str) -> anyhow::Result<()> {
    bytes(format!("{text}\n").as_bytes())
}

/// Prints what is text already.
pub fn bytes(text: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Unread.into(),
        _ => anyhow::Error::new(error).context("cannot write to standard output"),
    })
}

impl fmt::Display for Unread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("nobody reads standard output")
    }
}

impl std::error::Error for Unread {}
