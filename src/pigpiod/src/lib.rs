// SPDX-License-Identifier: GPL-3.0-or-later
//! A server for pigpiod's protocol, with the commands that the lamp's programs, `pigs` and python3-pigpio
//! use.
//!
//! [`Server`] answers clients, [`Pins`] implements pigpio's rules, and a [`Hardware`] drives the pins:
//! [`kernel`] with the kernel's PWM and GPIO, [`simulated`] not at all. The crate `pigpio` describes the
//! protocol. The tests require the same answers from pigpio's own daemon and from both of these.
//!
//! This crate contains the pins of a lamp, but no colour, no state and no MQTT.
//!
//! The server listens on loopback addresses only, because the protocol has no password.

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
