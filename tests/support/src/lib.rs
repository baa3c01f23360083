// SPDX-License-Identifier: GPL-3.0-or-later
//! The real peers of the lamp's programs, started for a test on ports and in folders of their own, and witnesses of
//! what reaches them.
//!
//! A test that cannot have what it needs fails, and says which package to install. Everything that is started here
//! ends with the value that stands for it.

#![expect(clippy::missing_panics_doc, reason = "whatever goes wrong here fails the test, by panicking")]

mod daemon;
mod deadline;
mod desk;
mod machine;
mod mosquitto;
mod pigpiod;
mod port;
mod process;
mod tap;
mod witness;
mod xvfb;

pub use daemon::Daemon;
pub use deadline::{PATIENCE, wait_for};
pub use desk::Desk;
pub use machine::Machine;
pub use mosquitto::Mosquitto;
pub use nix::sys::signal::Signal;
pub use pigpiod::{Pigpiod, pigs};
pub use port::free_port;
pub use process::{Process, copy_program};
pub use rumqttc::QoS;
pub use tap::Tap;
pub use witness::{Message, Witness};
pub use xvfb::Xvfb;
