// SPDX-License-Identifier: GPL-3.0-or-later
//! The interface between the server and the pins.

use std::os::fd::BorrowedFd;

use pigpio::{ErrorCode, Pull};

/// The intended use of a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// To read its settings, its level and its changes.
    Ask,
    /// To change its settings.
    Configure,
    /// To drive it.
    Drive,
}

/// The signal that drives a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// No signal.
    Off,
    /// A steady level.
    Level(bool),
    /// PWM.
    Pwm {
        /// The duty cycle, from 0 to `range`.
        duty: u32,
        /// The duty cycle that means "fully on".
        range: u32,
        /// In Hz.
        frequency: u32,
    },
}

/// A change of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The pin.
    pub pin: u32,
    /// Its new level.
    pub level: bool,
    /// The time in microseconds since the boot.
    pub tick: u32,
}

/// Hardware events.
#[derive(Debug, Default)]
pub struct Events {
    /// Changes of inputs.
    pub changes: Vec<Change>,
    /// Outputs are available again, or for the first time.
    pub outputs_came: bool,
}

/// The pins 0 to 53.
pub trait Hardware {
    /// Whether a pin permits this use.
    fn permits(&self, pin: u32, to: Use) -> bool;

    /// The initial mode of a pin.
    fn first_mode(&self, pin: u32) -> u32;

    /// Drives a pin with a signal.
    fn drive(&mut self, pin: u32, signal: Signal) -> Result<(), ErrorCode>;

    /// The level of a pin that this daemon does not drive.
    fn level(&mut self, pin: u32) -> Result<bool, ErrorCode>;

    /// Sets the pull resistor of a pin.
    fn set_pull(&mut self, pin: u32, pull: Pull) -> Result<(), ErrorCode>;

    /// Reports changes of a pin only after its level was steady for this time in microseconds; 0 for no
    /// filter.
    fn set_glitch_filter(&mut self, pin: u32, steady: u32) -> Result<(), ErrorCode>;

    /// The revision code of the Pi; 0 if unknown.
    fn revision(&self) -> u32;

    /// Called after all requests of a batch.
    fn settle(&mut self);

    /// File descriptors that become readable when there are events.
    fn sources(&self) -> Vec<BorrowedFd<'_>>;

    /// The events since the last call.
    fn events(&mut self) -> Events;
}
