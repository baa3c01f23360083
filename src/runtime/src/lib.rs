// SPDX-License-Identifier: GPL-3.0-or-later
//! What all of the lamp's programs need as processes: waiting for descriptors, deadlines, other threads and
//! signals; logging to stderr; a standard output that may be closed; the exit status; the address of a peer
//! and the time between two attempts to reach it.
//!
//! This crate contains nothing about the lamp or a protocol.
//!
//! Three waits are elsewhere. `lampi-pigpiod` also polls its clients for room to write, and blocks its
//! signals until pigpio's own daemon starts, so that none is lost. `lampi logs --follow` reads one inotify
//! descriptor only. The package builder waits for a child process, which a thread ends on a signal.

pub mod address;
pub mod backoff;
mod exit;
pub mod logging;
pub mod output;
pub mod quoting;
pub mod signals;
pub mod thread;
pub mod wait;
pub mod waker;

pub use exit::exit_code;
pub use logging::start_logging;
pub use waker::{Wake, Waker};
