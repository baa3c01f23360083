// SPDX-License-Identifier: GPL-3.0-or-later
//! The contacts on the screen, and the one that is followed.
//!
//! The lamp has no two-finger gestures. The first finger is followed until it is lifted; the others are
//! ignored.

/// What the followed finger did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// Went down, at x and y in the device's units.
    Down(i32, i32),
    /// Moved to x and y.
    Moved(i32, i32),
    /// Was lifted.
    Up,
    /// Lost: events are missing, so the finger may have been lifted.
    Lost,
}

/// A finger on the glass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contact {
    /// A key for this finger, from when it goes down until it is lifted.
    pub key: u32,
    pub x: i32,
    pub y: i32,
    /// Whether it went down in this packet.
    pub is_new: bool,
}

/// Creates unique keys for fingers.
#[derive(Debug, Default)]
pub(crate) struct Keys(u32);

impl Keys {
    pub(crate) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(1);
        self.0
    }
}

/// Follows one finger.
#[derive(Debug, Default)]
pub(crate) struct Finger {
    /// Its key and the last reported position.
    followed: Option<(u32, i32, i32)>,
}

impl Finger {
    /// Takes the contacts at the end of a packet and returns what the finger did. Lifting and touching again
    /// within one packet are two touches.
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
        // Only a finger that goes down now: a finger that rested beside the first must not take over and
        // jump.
        if let Some(Contact { key, x, y, .. }) = contacts.iter().find(|contact| contact.is_new).copied() {
            self.followed = Some((key, x, y));
            told[1] = Some(Touch::Down(x, y));
        }
        told
    }

    /// Loses the finger, if there is one.
    pub(crate) fn lose(&mut self) -> Option<Touch> {
        self.followed.take().map(|_| Touch::Lost)
    }
}
