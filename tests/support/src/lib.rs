// SPDX-License-Identifier: GPL-3.0-or-later
//! The real peers of the lamp's programs, each with its own port and directory for a test, and observers of
//! their input.
//!
//! This crate uses only the programs' binaries, options and effects on their peers, not their internals.
//!
//! If a required program is missing, the test fails and names the package to install. Every process stops
//! when its value is dropped.

#![expect(clippy::missing_panics_doc, reason = "whatever goes wrong here fails the test, by panicking")]

mod daemon;
mod deadline;
mod isolation;
mod machine;
mod mosquitto;
mod mqtt_observer;
mod pigpiod;
mod port;
mod process;
mod tcp_proxy;
mod x_session;
mod xvfb;

pub use daemon::Daemon;
pub use deadline::{PATIENCE, wait_for};
pub use isolation::{make_read_only, mount_memory, replace_file, with_own_mounts, without_ipv6};
pub use machine::Machine;
pub use mosquitto::{Mosquitto, set_password};
pub use mqtt_observer::{Message, MqttObserver};
pub use nix::sys::signal::Signal;
pub use pigpiod::{Pigpiod, pigs};
pub use port::free_port;
pub use process::{Process, copy_program};
pub use rumqttc::QoS;
pub use tcp_proxy::TcpProxy;
pub use x_session::XSession;
pub use xvfb::Xvfb;
