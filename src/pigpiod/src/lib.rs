// SPDX-License-Identifier: GPL-3.0-or-later
//! The server of pigpiod's socket, as far as the lamp's programs, `pigs` and python3-pigpio need it.
//!
//! [`Server`] answers clients, [`Pins`] keeps to pigpio's rules, and a [`Hardware`] carries out what they come to:
//! [`kernel`] by the kernel's PWM and GPIO, [`simulated`] not at all. The crate `pigpio` describes the wire; the tests here
//! hold pigpio's own daemon and both of these to the same answers.
//!
//! It knows which pins a lamp has, and nothing else of it: no colour, no state, no MQTT.
//!
//! Only loopback addresses are served: the protocol knows no password.

pub mod backoff;
mod connection;
mod dispatcher;
pub mod driver;
mod hardware;
pub mod kernel;
mod noise_filter;
mod pins;
mod server;
pub mod simulated;
mod subscriptions;

pub use hardware::{Change, Events, Hardware, Signal, Use};
pub use pins::Pins;
pub use server::{Server, listen};
