// SPDX-License-Identifier: GPL-3.0-or-later
//! Commands and their requests.

use crate::protocol::{MESSAGE_SIZE, Message, number};

/// A GPIO in Broadcom numbering, 0 to 53; PWM is possible on 0 to 31.
pub type Pin = u8;

/// The mode of a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Input.
    Input = 0,
    /// Output.
    Output = 1,
}

/// The pull resistor of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pull {
    /// No resistor.
    Off = 0,
    /// To ground.
    Down = 1,
    /// To 3.3 V: a button to ground reads 0 while it is pressed.
    Up = 2,
}

impl Pull {
    /// The resistor with this number in requests.
    #[must_use]
    pub fn of_number(number: u32) -> Option<Self> {
        [Self::Off, Self::Down, Self::Up].into_iter().find(|pull| *pull as u32 == number)
    }
}

/// A request to pigpiod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Makes a pin an input or an output. A pin that already has this mode does not change.
    SetMode(Pin, Mode),
    /// The mode of a pin: 0 for an input, 1 for an output, more for functions of the processor.
    Mode(Pin),
    /// Sets the pull resistor of an input.
    SetPull(Pin, Pull),
    /// The level of a pin, 0 or 1.
    Read(Pin),
    /// Drives a pin by PWM with a duty cycle from 0 to its range. Makes it an output.
    SetDutyCycle(Pin, u32),
    /// Sets the duty cycle that means "fully on", 25 to 40000.
    ///
    /// The result is the number of levels that the hardware has at the pin's frequency, for example 200 at
    /// 1000 Hz.
    SetRange(Pin, u32),
    /// Sets the PWM frequency in Hz. The result is the nearest of the 18 possible frequencies.
    SetFrequency(Pin, u32),
    /// The duty cycle of a pin that is driven by PWM.
    DutyCycle(Pin),
    /// Starts reports on the pins of a mask, for the connection with this handle.
    BeginReports(u32, u32),
    /// Opens reports on this connection. The result is their handle.
    OpenReports,
    /// The duty cycle that means "fully on" for a pin; 255 by default.
    Range(Pin),
    /// The PWM frequency of a pin in Hz.
    Frequency(Pin),
    /// The number of levels that the hardware has at the pin's frequency.
    RealRange(Pin),
    /// The revision code of the Pi.
    HardwareRevision,
    /// The version of pigpio, for example 78.
    Version,
}

impl Command {
    /// The request of the command.
    pub(crate) fn request(self) -> Message {
        match self {
            Self::SetMode(pin, mode) => Message::request(number::MODES, pin.into(), mode as u32),
            Self::Mode(pin) => Message::request(number::MODEG, pin.into(), 0),
            Self::SetPull(pin, pull) => Message::request(number::PUD, pin.into(), pull as u32),
            Self::Read(pin) => Message::request(number::READ, pin.into(), 0),
            Self::SetDutyCycle(pin, duty) => Message::request(number::PWM, pin.into(), duty),
            Self::SetRange(pin, range) => Message::request(number::PRS, pin.into(), range),
            Self::SetFrequency(pin, hertz) => Message::request(number::PFS, pin.into(), hertz),
            Self::HardwareRevision => Message::request(number::HWVER, 0, 0),
            Self::BeginReports(handle, pins) => Message::request(number::NB, handle, pins),
            Self::Range(pin) => Message::request(number::PRG, pin.into(), 0),
            Self::Frequency(pin) => Message::request(number::PFG, pin.into(), 0),
            Self::RealRange(pin) => Message::request(number::PRRG, pin.into(), 0),
            Self::Version => Message::request(number::PIGPV, 0, 0),
            Self::DutyCycle(pin) => Message::request(number::GDC, pin.into(), 0),
            Self::OpenReports => Message::request(number::NOIB, 0, 0),
        }
    }

    /// The request in bytes.
    pub(crate) fn to_bytes(self) -> [u8; MESSAGE_SIZE] {
        self.request().to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_byte_exact() {
        for (command, bytes) in [
            (Command::SetMode(19, Mode::Output), *b"\0\0\0\0\x13\0\0\0\x01\0\0\0\0\0\0\0"),
            (Command::SetMode(17, Mode::Input), *b"\0\0\0\0\x11\0\0\0\0\0\0\0\0\0\0\0"),
            (Command::Mode(18), *b"\x01\0\0\0\x12\0\0\0\0\0\0\0\0\0\0\0"),
            (Command::SetPull(17, Pull::Up), *b"\x02\0\0\0\x11\0\0\0\x02\0\0\0\0\0\0\0"),
            (Command::Read(17), *b"\x03\0\0\0\x11\0\0\0\0\0\0\0\0\0\0\0"),
            (Command::SetDutyCycle(26, 777), *b"\x05\0\0\0\x1a\0\0\0\x09\x03\0\0\0\0\0\0"),
            (Command::SetRange(13, 1000), *b"\x06\0\0\0\x0d\0\0\0\xe8\x03\0\0\0\0\0\0"),
            (Command::SetFrequency(13, 1000), *b"\x07\0\0\0\x0d\0\0\0\xe8\x03\0\0\0\0\0\0"),
            (Command::DutyCycle(13), *b"\x53\0\0\0\x0d\0\0\0\0\0\0\0\0\0\0\0"),
            (Command::Range(13), *b"\x16\0\0\0\x0d\0\0\0\0\0\0\0\0\0\0\0"),
            (Command::Frequency(13), *b"\x17\0\0\0\x0d\0\0\0\0\0\0\0\0\0\0\0"),
            (Command::RealRange(13), *b"\x18\0\0\0\x0d\0\0\0\0\0\0\0\0\0\0\0"),
            (Command::HardwareRevision, *b"\x11\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            (Command::BeginReports(3, 1 << 17), *b"\x13\0\0\0\x03\0\0\0\0\0\x02\0\0\0\0\0"),
            (Command::OpenReports, *b"\x63\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            (Command::Version, *b"\x1a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ] {
            assert_eq!(command.to_bytes(), bytes, "{command:?}");
        }
    }
}
