// SPDX-License-Identifier: GPL-3.0-or-later
//! What the server asks of pins, whatever they are.

use std::os::fd::BorrowedFd;

use pigpio::{ErrorCode, Pull};

/// What somebody wants of a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// To know how it is set, its level and its changes.
    Ask,
    /// To set what it shall be like.
    Configure,
    /// To put a signal on it.
    Drive,
}

/// What is put on a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Nothing.
    Off,
    /// A steady level.
    Level(bool),
    /// PWM.
    Pwm {
        /// It is on for so many parts of `range`, at most all of them.
        duty: u32,
        /// The duty cycle that means "fully on".
        range: u32,
        /// In Hz.
        frequency: u32,
    },
}

/// A pin that has changed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The pin.
    pub pin: u32,
    /// Its new level.
    pub level: bool,
    /// When it was, in microseconds since the machine was started.
    pub tick: u32,
}

/// What has happened by itself.
#[derive(Debug, Default)]
pub struct Events {
    /// Pins that changed.
    pub changes: Vec<Change>,
    /// Outputs can be driven that could not be before, or were away meanwhile.
    pub outputs_came: bool,
}

/// Pins, and what can be done with them. Those above 53 are never asked for.
pub trait Hardware {
    /// Whether a pin can be used so.
    fn permits(&self, pin: u32, to: Use) -> bool;

    /// The mode in which a pin is before anybody sets it.
    fn first_mode(&self, pin: u32) -> u32;

    /// Puts a signal on a pin.
    fn drive(&mut self, pin: u32, signal: Signal) -> Result<(), ErrorCode>;

    /// The level of a pin on which this daemon has put no signal.
    fn level(&mut self, pin: u32) -> Result<bool, ErrorCode>;

    /// Sets the pull resistor of a pin.
    fn set_pull(&mut self, pin: u32, pull: Pull) -> Result<(), ErrorCode>;

    /// Has a pin's changes reported only when its level was steady for so many microseconds.
    fn set_glitch_filter(&mut self, pin: u32, steady: u32) -> Result<(), ErrorCode>;

    /// The revision code of the Pi; 0 if it is not known.
    fn revision(&self) -> u32;

    /// All requests that came together were carried out.
    fn settle(&mut self);

    /// What becomes readable when something has happened by itself.
    fn sources(&self) -> Vec<BorrowedFd<'_>>;

    /// What has happened by itself since the last call.
    fn events(&mut self) -> Events;
}
