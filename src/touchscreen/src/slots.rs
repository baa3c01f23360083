// SPDX-License-Identifier: GPL-3.0-or-later
//! Multi-touch protocol B: each finger has a slot, and an event changes the current slot.

use std::collections::BTreeMap;

use crate::codes::{ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_MT_SLOT, ABS_MT_TRACKING_ID};
use crate::contact::{Contact, Keys};
use crate::decoder::Snapshot;

/// The number of supported slots. Others are ignored, so that no stream can grow the table.
pub(crate) const SLOTS: i32 = 32;

#[derive(Debug, Default)]
pub(crate) struct Slots {
    current: i32,
    table: BTreeMap<i32, Slot>,
    keys: Keys,
}

/// One slot. Its position remains when the finger is lifted: a device repeats only changes.
#[derive(Debug, Default, Clone, Copy)]
struct Slot {
    x: i32,
    y: i32,
    /// The tracking id and the key of the finger that is down.
    finger: Option<(i32, u32)>,
    is_new: bool,
}

impl Slots {
    pub(crate) fn axis(&mut self, axis: u16, value: i32) {
        if axis == ABS_MT_SLOT {
            self.current = value;
            return;
        }
        if !(0..SLOTS).contains(&self.current) {
            return;
        }
        let slot = self.table.entry(self.current).or_default();
        match axis {
            ABS_MT_POSITION_X => slot.x = value,
            ABS_MT_POSITION_Y => slot.y = value,
            ABS_MT_TRACKING_ID if value < 0 => slot.finger = None,
            // Another ID without a lift in between is another touch.
            ABS_MT_TRACKING_ID if slot.finger.is_none_or(|(id, _)| id != value) => {
                slot.finger = Some((value, self.keys.next()));
                slot.is_new = true;
            }
            _ => {}
        }
    }

    /// The contacts at the end of a packet.
    pub(crate) fn contacts(&mut self) -> Vec<Contact> {
        let fingers = self.table.values_mut().filter_map(|slot| {
            let is_new = std::mem::take(&mut slot.is_new);
            let (_, key) = slot.finger?;
            Some(Contact { key, x: slot.x, y: slot.y, is_new })
        });
        fingers.collect()
    }

    /// Continues from the kernel's state after events were lost. A finger that went down in between is new.
    pub(crate) fn take_over(&mut self, snapshot: &Snapshot) {
        for (slot, (id, x, y)) in (0..SLOTS).zip(&snapshot.slots) {
            self.current = slot;
            self.axis(ABS_MT_POSITION_X, *x);
            self.axis(ABS_MT_POSITION_Y, *y);
            self.axis(ABS_MT_TRACKING_ID, *id);
        }
        self.current = snapshot.slot;
    }

    /// Lifts all fingers.
    pub(crate) fn lift(&mut self) {
        for slot in self.table.values_mut() {
            slot.finger = None;
        }
    }
}
