// SPDX-License-Identifier: GPL-3.0-or-later
//! Threads that send a request to a peer and wait for the response.

use std::io;
use std::thread::Builder;

/// Stack size in bytes: enough for the look-up of a host name; a quarter of the standard library's default.
const STACK: usize = 512 << 10;

/// Starts a detached thread, with a name that `ps -L` shows.
pub fn start(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    spawn(name, Box::new(run))
}

/// Not generic, so that a program contains it once.
fn spawn(name: &str, run: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    Builder::new().name(name.to_owned()).stack_size(STACK).spawn(run)?;
    Ok(())
}
