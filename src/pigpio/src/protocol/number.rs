// SPDX-License-Identifier: GPL-3.0-or-later
//! The numbers of the commands that client or server use.

/// Sets the mode of a pin.
pub const MODES: u32 = 0;
/// Asks for the mode of a pin.
pub const MODEG: u32 = 1;
/// Sets the pull resistor of a pin.
pub const PUD: u32 = 2;
/// Asks for the level of a pin.
pub const READ: u32 = 3;
/// Sets the level of a pin.
pub const WRITE: u32 = 4;
/// Sets the duty cycle of a pin.
pub const PWM: u32 = 5;
/// Sets the duty cycle that means "fully on".
pub const PRS: u32 = 6;
/// Sets the PWM frequency of a pin.
pub const PFS: u32 = 7;
/// Asks for the levels of the pins 0 to 31.
pub const BR1: u32 = 10;
/// Asks for the time in microseconds.
pub const TICK: u32 = 16;
/// Asks for the revision of the Pi.
pub const HWVER: u32 = 17;
/// Starts reports.
pub const NB: u32 = 19;
/// Pauses reports.
pub const NP: u32 = 20;
/// Ends reports.
pub const NC: u32 = 21;
/// Asks for the duty cycle that means "fully on".
pub const PRG: u32 = 22;
/// Asks for the PWM frequency of a pin.
pub const PFG: u32 = 23;
/// Asks how many levels a pin has at its frequency.
pub const PRRG: u32 = 24;
/// Asks for the version of pigpio.
pub const PIGPV: u32 = 26;
/// Asks for the duty cycle of a pin.
pub const GDC: u32 = 83;
/// Sets the glitch filter of a pin.
pub const FG: u32 = 97;
/// Sets the noise filter of a pin.
pub const FN: u32 = 98;
/// Opens reports on a connection.
pub const NOIB: u32 = 99;
