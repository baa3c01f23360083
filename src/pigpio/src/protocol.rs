// SPDX-License-Identifier: GPL-3.0-or-later
//! The protocol of client and server: requests, replies, reports and pigpio's numbers.
//!
//! Source: pigpio 1.78 (`pigpio.h`, `command.h` and `pigpio.c`).

pub mod number;
pub mod pwm;

/// The default port of pigpiod.
pub const PORT: u16 = 8888;

/// The version of pigpio with this protocol.
pub const VERSION: u32 = 78;

/// Size of a request and of its reply in bytes.
pub const MESSAGE_SIZE: usize = 16;

/// Size of a report in bytes.
pub const REPORT_SIZE: usize = 12;

/// pigpiod closes the connection if a request announces this many further bytes or more.
pub const EXTENSION_LIMIT: u32 = 65_536;

/// Number of GPIOs of the processor, in Broadcom numbering from 0.
pub const PINS: u32 = 54;

/// Number of GPIOs that support PWM, filters and reports.
pub const USER_PINS: u32 = 32;

/// The largest mode of a pin: 0 is an input, 1 an output, others are functions of the processor.
pub const LARGEST_MODE: u32 = 7;

/// Maximum number of connections with reports.
pub const REPORT_HANDLES: usize = 32;

/// Maximum time in microseconds that a filter requires a level to be steady.
pub const LONGEST_STEADY: u32 = 300_000;

/// Maximum time in microseconds that a noise filter lets changes pass.
pub const LONGEST_ACTIVE: u32 = 1_000_000;

/// A request or its reply: four words of 32 bits, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// The command, one of [`number`].
    pub command: u32,
    /// First parameter, usually the pin.
    pub first: u32,
    /// Second parameter.
    pub second: u32,
    /// In a request the number of further bytes, in a reply the result; a negative result is an
    /// [`crate::ErrorCode`].
    pub last: u32,
}

impl Message {
    /// A request without further bytes.
    #[must_use]
    pub fn request(command: u32, first: u32, second: u32) -> Self {
        Self { command, first, second, last: 0 }
    }

    /// The reply to this request.
    #[must_use]
    pub fn reply(self, result: Result<u32, crate::ErrorCode>) -> Self {
        Self { last: result.unwrap_or_else(|code| code.0.cast_unsigned()), ..self }
    }

    /// The result in this reply.
    pub fn result(self) -> Result<u32, crate::ErrorCode> {
        let word = self.last.cast_signed();
        if word < 0 { Err(crate::ErrorCode(word)) } else { Ok(self.last) }
    }

    /// As it comes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; MESSAGE_SIZE]) -> Self {
        let [command, first, second, last] = std::array::from_fn(|word| {
            u32::from_le_bytes(std::array::from_fn(|byte| bytes[4 * word + byte]))
        });
        Self { command, first, second, last }
    }

    /// As it is sent.
    #[must_use]
    pub fn to_bytes(self) -> [u8; MESSAGE_SIZE] {
        let words = [self.command, self.first, self.second, self.last].map(u32::to_le_bytes);
        std::array::from_fn(|byte| words[byte / 4][byte % 4])
    }
}

/// A report of the daemon that a pin has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Number of the report on its connection, to detect lost reports.
    pub sequence: u16,
    /// 0 for a change of a pin.
    pub flags: u16,
    /// Time of the change in microseconds.
    pub tick: u32,
    /// The levels of the pins 0 to 31 after the change, one bit each.
    pub levels: u32,
}

impl Report {
    /// As it comes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; REPORT_SIZE]) -> Self {
        let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let word = |at: usize| u32::from(half(at)) | u32::from(half(at + 2)) << 16;
        Self { sequence: half(0), flags: half(2), tick: word(4), levels: word(8) }
    }

    /// As it is sent.
    #[must_use]
    pub fn to_bytes(self) -> [u8; REPORT_SIZE] {
        let mut bytes = [0; REPORT_SIZE];
        bytes[..2].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[2..4].copy_from_slice(&self.flags.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.tick.to_le_bytes());
        bytes[8..].copy_from_slice(&self.levels.to_le_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn messages_and_reports_are_byte_exact() {
        let request = Message::request(number::PWM, 19, 777);
        assert_eq!(request.to_bytes(), *b"\x05\0\0\0\x13\0\0\0\x09\x03\0\0\0\0\0\0");
        assert_eq!(Message::from_bytes(request.to_bytes()), request);
        let reply = request.reply(Err(ErrorCode::BAD_DUTYCYCLE));
        assert_eq!(reply.to_bytes()[12..], [0xf8, 0xff, 0xff, 0xff]);
        assert_eq!(reply.result(), Err(ErrorCode::BAD_DUTYCYCLE));
        assert_eq!(request.reply(Ok(200)).result(), Ok(200));

        let report = Report { sequence: 0x0102, flags: 0, tick: 0x0304_0506, levels: 1 << 17 };
        assert_eq!(report.to_bytes(), *b"\x02\x01\0\0\x06\x05\x04\x03\0\0\x02\0");
        assert_eq!(Report::from_bytes(report.to_bytes()), report);
    }
}
