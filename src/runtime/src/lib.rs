// SPDX-License-Identifier: GPL-3.0-or-later
//! What the programs of the lamp do alike as processes: they wait for descriptors, deadlines, wake-ups of other threads and
//! signals; they log to stderr, print to a standard output that may be closed, and end with an exit status; they wait before
//! they try a peer again, whose address is written in one way.
//!
//! It knows neither the lamp nor any protocol.
//!
//! Three waits are left where they are. `lampi-pigpiod` polls its clients for room to write too, and keeps its signals blocked
//! up to the start of pigpio's own daemon, so that none is lost between the two. `lampi logs --follow` reads one inotify
//! descriptor and nothing else. The package builder waits for a child, and a thread ends that child on a signal.

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
