// SPDX-License-Identifier: GPL-3.0-or-later
//! The fingers on the glass, and the one of them that counts.
//!
//! The lamp has no gesture of two fingers, so the first finger counts until it is lifted, and the others don't.

/// What the finger did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// Went down, at x and y in the device's units.
    Down(i32, i32),
    /// Moved to x and y.
    Moved(i32, i32),
    /// Was lifted.
    Up,
    /// Is out of sight, and nobody knows whether it was lifted: events were lost.
    Lost,
}

/// A finger on the glass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contact {
    /// Of this finger only, from when it goes down until it is lifted.
    pub key: u32,
    pub x: i32,
    pub y: i32,
    /// Went down in this packet.
    pub is_new: bool,
}

/// Keys for fingers, each used once.
#[derive(Debug, Default)]
pub(crate) struct Keys(u32);

impl Keys {
    pub(crate) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(1);
        self.0
    }
}

/// Follows the finger that counts.
#[derive(Debug, Default)]
pub(crate) struct Finger {
    /// Its key, with the position that was told last.
    followed: Option<(u32, i32, i32)>,
}

impl Finger {
    /// Takes the contacts at a packet's end and says what the finger did. One that is lifted and put down within one packet
    /// is two touches.
    pub(crate) fn follow(&mut self, contacts: &[Contact]) -> [Option<Touch>; 2] {
        let mut told = [None; 2];
        if let Some((key, x, y)) = self.followed {
            if let Some(contact) = contacts.iter().find(|contact| contact.key == key) {
                if (contact.x, contact.y) != (x, y) {
                    self.followed = Some((key, contact.x, contact.y));
                    told[0] = Some(Touch::Moved(contact.x, contact.y));
                }
                return told;
            }
            self.followed = None;
            told[0] = Some(Touch::Up);
        }
        // Only a finger that goes down now: one that was resting beside the first must not take over and jump.
        if let Some(Contact { key, x, y, .. }) = contacts.iter().find(|contact| contact.is_new).copied() {
            self.followed = Some((key, x, y));
            told[1] = Some(Touch::Down(x, y));
        }
        told
    }

    /// Loses sight of the finger, if there is one.
    pub(crate) fn lose(&mut self) -> Option<Touch> {
        self.followed.take().map(|_| Touch::Lost)
    }
}
