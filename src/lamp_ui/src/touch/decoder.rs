// SPDX-License-Identifier: GPL-3.0-or-later
//! From the events of a touch screen to one finger: where it goes down, moves and is lifted.
//!
//! Follows multi-touch protocol B of the Linux kernel (Documentation/input/multi-touch-protocol.rst), and the
//! single-touch events of panels that know no more. The lamp has no gesture of two fingers, so the first finger
//! counts until it is lifted, and the others don't.

use std::collections::BTreeMap;

use evdev::{AbsoluteAxisCode, EventType, KeyCode, SynchronizationCode};

/// Contacts that a device may report at once. Slots beyond are ignored, so that no stream can grow the table.
const SLOTS: i32 = 32;

/// What the finger did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// Went down, at x and y in the device's units.
    Down(i32, i32),
    /// Moved to x and y.
    Moved(i32, i32),
    /// Was lifted.
    Up,
}

/// Collects the events of a packet and tells, at its end, what the finger did.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// Set by the first multi-touch event. From then on the single-touch events, with which such a device imitates
    /// a mouse, tell nothing new.
    multi_touch: bool,
    slot: i32,
    slots: BTreeMap<i32, Contact>,
    single: Contact,
    /// The slot of the finger that counts, with the last position that was told.
    finger: Option<(i32, i32, i32)>,
    /// Events were lost, and what follows up to the end of the packet makes no sense.
    lost: bool,
}

/// One finger on the glass. Position stays when it is lifted: a device repeats only what changed.
#[derive(Debug, Default, Clone, Copy)]
struct Contact {
    down: bool,
    /// Went down in this packet.
    fresh: bool,
    x: i32,
    y: i32,
}

impl Contact {
    fn set_down(&mut self, down: bool) {
        self.fresh |= down;
        self.down = down;
    }
}

impl Decoder {
    /// A decoder for a device whose current slot is `slot` (0 for a device without slots).
    ///
    /// A device tells its slot only when it changes, so that of an opened one must be asked for.
    pub(super) fn starting_at(slot: i32) -> Self {
        Self { slot, ..Self::default() }
    }

    /// Goes on with `slot` as the current one, after events were lost.
    pub(super) fn resume_at(&mut self, slot: i32) {
        self.slot = slot;
    }

    /// Takes one event. What the finger did becomes known with the `SYN_REPORT` that ends a packet; a finger that
    /// is lifted and put down within one packet is told as two touches.
    pub(super) fn event(&mut self, kind: u16, code: u16, value: i32) -> [Option<Touch>; 2] {
        match EventType(kind) {
            EventType::SYNCHRONIZATION => return self.synchronization(SynchronizationCode(code)),
            EventType::ABSOLUTE if !self.lost => self.axis(AbsoluteAxisCode(code), value),
            EventType::KEY if !self.lost && KeyCode(code) == KeyCode::BTN_TOUCH => {
                self.single.set_down(value != 0);
            }
            _ => {}
        }
        [None; 2]
    }

    fn axis(&mut self, axis: AbsoluteAxisCode, value: i32) {
        match axis {
            AbsoluteAxisCode::ABS_X => self.single.x = value,
            AbsoluteAxisCode::ABS_Y => self.single.y = value,
            AbsoluteAxisCode::ABS_MT_SLOT => {
                self.multi_touch = true;
                self.slot = value;
            }
            AbsoluteAxisCode::ABS_MT_TRACKING_ID => {
                self.multi_touch = true;
                self.contact(|contact| contact.set_down(value >= 0));
            }
            AbsoluteAxisCode::ABS_MT_POSITION_X => self.contact(|contact| contact.x = value),
            AbsoluteAxisCode::ABS_MT_POSITION_Y => self.contact(|contact| contact.y = value),
            _ => {}
        }
    }

    fn contact(&mut self, change: impl FnOnce(&mut Contact)) {
        if (0..SLOTS).contains(&self.slot) {
            change(self.slots.entry(self.slot).or_default());
        }
    }

    fn synchronization(&mut self, code: SynchronizationCode) -> [Option<Touch>; 2] {
        match code {
            SynchronizationCode::SYN_DROPPED => {
                // Who was down is unknown now. To lift all fingers is safe: the lamp keeps what it shows.
                self.lost = true;
                self.single.down = false;
                for contact in self.slots.values_mut() {
                    contact.down = false;
                }
                [None; 2]
            }
            SynchronizationCode::SYN_REPORT => {
                self.lost = false;
                let told = self.packet();
                self.single.fresh = false;
                for contact in self.slots.values_mut() {
                    contact.fresh = false;
                }
                told
            }
            _ => [None; 2],
        }
    }

    fn packet(&mut self) -> [Option<Touch>; 2] {
        let mut told = [None; 2];
        if let Some((slot, x, y)) = self.finger {
            let contact = self.at(slot);
            if contact.down && !contact.fresh {
                if (contact.x, contact.y) != (x, y) {
                    self.finger = Some((slot, contact.x, contact.y));
                    told[0] = Some(Touch::Moved(contact.x, contact.y));
                }
                return told;
            }
            self.finger = None;
            told[0] = Some(Touch::Up);
        }
        // Only a finger that goes down now: one that was resting beside the first must not take over and jump.
        let newcomer = if self.multi_touch {
            self.slots.iter().find(|(_, contact)| contact.down && contact.fresh).map(|(slot, _)| *slot)
        } else {
            (self.single.down && self.single.fresh).then_some(0)
        };
        if let Some(slot) = newcomer {
            let Contact { x, y, .. } = self.at(slot);
            self.finger = Some((slot, x, y));
            told[1] = Some(Touch::Down(x, y));
        }
        told
    }

    fn at(&self, slot: i32) -> Contact {
        if self.multi_touch { self.slots.get(&slot).copied().unwrap_or_default() } else { self.single }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: u16 = 0x2f;
    const MT_X: u16 = 0x35;
    const MT_Y: u16 = 0x36;
    const ID: u16 = 0x39;

    /// Feeds packets of (axis, value), each ended by a `SYN_REPORT`, and returns what was told.
    fn told(decoder: &mut Decoder, packets: &[&[(u16, i32)]]) -> Vec<Touch> {
        let mut all = Vec::new();
        for packet in packets {
            for (axis, value) in *packet {
                assert_eq!(
                    decoder.event(3, *axis, *value),
                    [None; 2],
                    "nothing is told before the packet's end"
                );
            }
            all.extend(decoder.event(0, 0, 0).into_iter().flatten());
        }
        all
    }

    #[test]
    fn one_finger_goes_down_moves_and_is_lifted() {
        let mut decoder = Decoder::default();
        let packets: &[&[(u16, i32)]] = &[
            &[(ID, 7), (MT_X, 10), (MT_Y, 20)],
            &[(MT_X, 11)],
            &[],
            &[(MT_Y, 21)],
            &[(ID, -1)],
            // The same place again: the device repeats neither x nor y.
            &[(ID, 8)],
            &[(ID, -1)],
        ];
        assert_eq!(
            told(&mut decoder, packets),
            [
                Touch::Down(10, 20),
                Touch::Moved(11, 20),
                Touch::Moved(11, 21),
                Touch::Up,
                Touch::Down(11, 21),
                Touch::Up
            ]
        );
    }

    #[test]
    fn a_second_finger_does_nothing_until_it_is_the_first_to_go_down() {
        let mut decoder = Decoder::default();
        let packets: &[&[(u16, i32)]] = &[
            &[(SLOT, 0), (ID, 1), (MT_X, 1), (MT_Y, 1), (SLOT, 1), (ID, 2), (MT_X, 90), (MT_Y, 90)],
            &[(MT_X, 91)],
            &[(SLOT, 0), (ID, -1)],
            &[(SLOT, 1), (MT_X, 92)],
            &[(ID, -1)],
            &[(ID, 3), (MT_X, 50)],
        ];
        assert_eq!(told(&mut decoder, packets), [Touch::Down(1, 1), Touch::Up, Touch::Down(50, 90)]);
    }

    #[test]
    fn a_new_tracking_id_is_a_new_touch() {
        let mut decoder = Decoder::starting_at(3);
        let packets: &[&[(u16, i32)]] = &[&[(ID, 1), (MT_X, 1), (MT_Y, 1)], &[(ID, 2), (MT_X, 5)]];
        assert_eq!(told(&mut decoder, packets), [Touch::Down(1, 1), Touch::Up, Touch::Down(5, 1)]);
    }

    #[test]
    fn a_finger_that_was_down_before_the_device_was_opened_is_not_seen() {
        assert_eq!(told(&mut Decoder::default(), &[&[(MT_X, 1)], &[(MT_Y, 2)], &[(ID, -1)]]), []);
    }

    #[test]
    fn slots_out_of_range_are_ignored() {
        let mut decoder = Decoder::default();
        let packets: &[&[(u16, i32)]] = &[
            &[(SLOT, -1), (ID, 1), (MT_X, 1)],
            &[(SLOT, i32::MAX), (ID, 2), (MT_X, 1)],
            &[(SLOT, 32), (ID, 3)],
        ];
        assert_eq!(told(&mut decoder, packets), []);
        assert!(decoder.slots.is_empty());
    }

    #[test]
    fn lost_events_lift_the_finger() {
        let mut decoder = Decoder::default();
        assert_eq!(told(&mut decoder, &[&[(ID, 1), (MT_X, 1), (MT_Y, 1)]]), [Touch::Down(1, 1)]);
        decoder.event(0, 3, 0);
        // The rest of the torn packet says nothing, not even that a finger went down.
        assert_eq!(told(&mut decoder, &[&[(ID, 4), (MT_X, 9)]]), [Touch::Up]);
        assert_eq!(told(&mut decoder, &[&[(MT_X, 10)], &[(ID, -1)]]), []);
        assert_eq!(told(&mut decoder, &[&[(ID, 5)]]), [Touch::Down(10, 1)]);
    }

    #[test]
    fn single_touch_panels() {
        let mut decoder = Decoder::default();
        decoder.event(1, 0x14a, 1);
        assert_eq!(
            told(&mut decoder, &[&[(0, 5), (1, 6)], &[(0, 7)]]),
            [Touch::Down(5, 6), Touch::Moved(7, 6)]
        );
        decoder.event(1, 0x14a, 0);
        assert_eq!(told(&mut decoder, &[&[]]), [Touch::Up]);
    }

    #[test]
    fn the_imitated_mouse_of_a_multi_touch_panel_is_not_heard() {
        let mut decoder = Decoder::default();
        told(&mut decoder, &[&[(ID, 1), (MT_X, 1), (MT_Y, 1)]]);
        decoder.event(1, 0x14a, 1);
        assert_eq!(told(&mut decoder, &[&[(0, 200)], &[(MT_X, 2), (0, 2)]]), [Touch::Moved(2, 1)]);
    }
}
