// SPDX-License-Identifier: GPL-3.0-or-later
//! Touch screens as the Linux kernel reports them: which input device is one, and what the finger does.
//!
//! - [`Capabilities`]: what a device can report, and whether it is a touch screen;
//! - [`Decoder`]: from the kernel's events to one finger that goes down, moves and is lifted;
//! - [`Device`]: an open device in /dev/input.
//!
//! It supports all kinds of drivers: the multi-touch protocols B and A, A with and without tracking IDs
//! (Documentation/input/multi-touch-protocol.rst of the kernel), single-touch screens with `BTN_TOUCH` or
//! `BTN_LEFT`, and those that report only pressure. Protocol A follows the library mtdev, which Kivy uses.
//!
//! Positions are in the device's units. Their place on a screen, the meaning of a touch and the configuration
//! are the callers' concern.

mod capabilities;
pub mod codes;
mod contact;
mod decoder;
mod device;
mod packets;
mod single;
mod slots;

pub use capabilities::{Capabilities, Down, Protocol, Refusal};
pub use contact::Touch;
pub use decoder::{Decoder, Snapshot};
pub use device::{Device, EVENT_SIZE, Event, is_loss};

/// The kernel's description of an axis (`struct input_absinfo`), as far as needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AxisInfo {
    /// The last value.
    pub value: i32,
    /// The smallest value.
    pub minimum: i32,
    /// The largest value.
    pub maximum: i32,
    /// The noise of a value while nothing moves.
    pub fuzz: i32,
}
