// SPDX-License-Identifier: GPL-3.0-or-later
//! Standard output, which may be a pipe whose reader has seen enough, or a file on a full disk.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

use anyhow::Context;

/// Writes `text`. That nobody wants to read it is no failure: `lampi-deb render | head` is an ordinary call.
pub fn print(text: Arguments) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    match output.write_fmt(text).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write the output"),
        _ => Ok(()),
    }
}
