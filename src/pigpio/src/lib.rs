// SPDX-License-Identifier: GPL-3.0-or-later
//! The socket of pigpiod, the GPIO daemon of the Raspberry Pi: a client, and the [`protocol`] that the lamp's own daemon
//! speaks too.
//!
//! It knows pigpio's commands, errors and bytes. It never knows what is connected to a pin.
//!
//! # The wire
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
//! The daemon answers in order, so any number of requests can go out in one write and their replies be read back
//! in one round trip: [`Client::run`] does so. Three LEDs then change together.
//!
//! [`Reports`] is a second connection, on which the daemon tells by itself when pins change.
//!
//! Command numbers and error codes are those of pigpio 1.78 (`pigpio.h`).
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

/// Where pigpiod and its clients look for the host when nothing else is said.
pub const HOST_VARIABLE: &str = "PIGPIO_ADDR";

/// Where pigpiod and its clients look for the port when nothing else is said.
pub const PORT_VARIABLE: &str = "PIGPIO_PORT";
