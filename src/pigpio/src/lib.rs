// SPDX-License-Identifier: GPL-3.0-or-later
//! A client for the socket of pigpiod, the GPIO daemon of the Raspberry Pi, and the [`protocol`], which the
//! lamp's own daemon shares.
//!
//! This crate contains pigpio's commands, errors and byte formats. It does not depend on what is connected to
//! a pin.
//!
//! # Protocol
//!
//! TCP, port 8888. A request is 16 bytes: four unsigned 32-bit little-endian words.
//!
//! | word | request | reply |
//! | --- | --- | --- |
//! | 1 | command number | the same |
//! | 2 | first parameter, mostly the GPIO (Broadcom numbering) | the same |
//! | 3 | second parameter | the same |
//! | 4 | length of further bytes, here always 0 | result, **signed**: negative is an error |
//!
//! The daemon answers in order. [`Client::run`] therefore sends several requests in one write and reads their
//! replies in one round trip, so that three LEDs change together.
//!
//! [`Reports`] is a second connection, on which the daemon reports changes of pins.
//!
//! Command numbers and error codes are from pigpio 1.78 (`pigpio.h`).
//!
//! ```no_run
//! use pigpio::{Client, Command, Mode};
//! use std::time::Duration;
//!
//! let mut client = Client::connect("localhost", 8888, Duration::from_secs(2))?;
//! client.run(&[Command::SetMode(19, Mode::Output), Command::SetDutyCycle(19, 128)])?;
//! # Ok::<(), pigpio::Error>(())
//! ```

mod client;
mod command;
mod error;
pub mod protocol;
mod reports;

pub use client::Client;
pub use command::{Command, Mode, Pin, Pull};
pub use error::{Error, ErrorCode};
pub use reports::Reports;

/// The environment variable with the default host of pigpio's clients.
pub const HOST_VARIABLE: &str = "PIGPIO_ADDR";

/// The environment variable with the default port of pigpiod and its clients.
pub const PORT_VARIABLE: &str = "PIGPIO_PORT";
