// SPDX-License-Identifier: GPL-3.0-or-later
//! Threads that ask a peer and wait for it.

use std::io;
use std::thread::Builder;

/// Bytes of their stack: plenty for a question and the look-up of a host's name, and a quarter of the standard library's.
const STACK: usize = 512 << 10;

/// Starts a thread with a name that `ps -L` shows. It runs for as long as `run` does; nobody waits for it.
pub fn start(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    spawn(name, Box::new(run))
}

/// On its own, so that each program has it once.
fn spawn(name: &str, run: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    Builder::new().name(name.to_owned()).stack_size(STACK).spawn(run)?;
    Ok(())
}
