// SPDX-License-Identifier: GPL-3.0-or-later
//! Touch screens as the Linux kernel shows them: which input device is one, and what the finger does on it.
//!
//! - [`Capabilities`]: what a device can report, and the one rule that says whether it is a touch screen;
//! - [`Decoder`]: from the kernel's events to one finger that goes down, moves and is lifted;
//! - [`Device`]: an open device in /dev/input.
//!
//! All that drivers do is covered: the multi-touch protocols B and A, A with and without tracking ids
//! (Documentation/input/multi-touch-protocol.rst of the kernel), single-touch screens with `BTN_TOUCH` or `BTN_LEFT`, and
//! those that report pressure only. Protocol A is read as the library mtdev reads it, from which Kivy got its touches.
//!
//! It knows the kernel's evdev interface, and positions in the device's units. It never knows where they lie on a screen,
//! what a touch means, or what a configuration says.

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

/// What the kernel knows of an axis (`struct input_absinfo`), as far as it matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AxisInfo {
    /// The last value.
    pub value: i32,
    /// The smallest value.
    pub minimum: i32,
    /// The largest value.
    pub maximum: i32,
    /// How much a value wavers while nothing moves.
    pub fuzz: i32,
}
