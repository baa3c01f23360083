// SPDX-License-Identifier: GPL-3.0-or-later
//! Single-touch screens: one position, and a button or pressure for touches.

use std::collections::BTreeMap;

use crate::AxisInfo;
use crate::capabilities::Down;
use crate::codes::{ABS_PRESSURE, ABS_X, ABS_Y, BTN_LEFT, BTN_TOUCH, EV_ABS};
use crate::contact::{Contact, Keys};
use crate::decoder::Snapshot;

/// The smallest and largest pressure if the device does not report them, as in Kivy.
const PRESSURES: (i32, i32) = (0, 255);

/// The pressure of a touch starts at a sixteenth of its range, above the noise of an untouched screen. It
/// ends at half of that, so that a light finger does not alternate between the two.
const TOUCHED: i32 = 16;
const LIFTED: i32 = 32;

#[derive(Debug)]
pub(crate) struct Single {
    by: Down,
    x: i32,
    y: i32,
    is_down: bool,
    /// Whether it went down in this packet.
    is_new: bool,
    key: u32,
    keys: Keys,
    /// The pressure that starts a touch, and the lower one that ends it.
    touched: i32,
    lifted: i32,
}

impl Single {
    /// Creates the decoder for a device that reports touches by `by`, with these axes, if known.
    pub(crate) fn new(by: Down, axes: &BTreeMap<u16, AxisInfo>) -> Self {
        let (smallest, largest) = axes
            .get(&ABS_PRESSURE)
            .filter(|info| info.minimum < info.maximum)
            .map_or(PRESSURES, |info| (info.minimum, info.maximum));
        let part =
            |divisor: i32| (largest.saturating_sub(smallest) / divisor).max(1).saturating_add(smallest);
        Self {
            by,
            x: 0,
            y: 0,
            is_down: false,
            is_new: false,
            key: 0,
            keys: Keys::default(),
            touched: part(TOUCHED),
            lifted: part(LIFTED),
        }
    }

    pub(crate) fn axis(&mut self, axis: u16, value: i32) {
        match axis {
            ABS_X => self.x = value,
            ABS_Y => self.y = value,
            ABS_PRESSURE if self.by == Down::Pressure => {
                let limit = if self.is_down { self.lifted } else { self.touched };
                self.set_down(value >= limit);
            }
            _ => {}
        }
    }

    pub(crate) fn key(&mut self, key: u16, is_down: bool) {
        if self.by == Down::Button(key) {
            self.set_down(is_down);
        }
    }

    fn set_down(&mut self, is_down: bool) {
        if is_down && !self.is_down {
            self.key = self.keys.next();
            self.is_new = true;
        }
        self.is_down = is_down;
    }

    /// The finger at the end of a packet, if it is down.
    pub(crate) fn contacts(&mut self) -> Vec<Contact> {
        let is_new = std::mem::take(&mut self.is_new);
        let contact = Contact { key: self.key, x: self.x, y: self.y, is_new };
        self.is_down.then_some(contact).into_iter().collect()
    }

    /// Continues from the kernel's state after events were lost.
    pub(crate) fn take_over(&mut self, snapshot: &Snapshot) {
        for axis in [ABS_X, ABS_Y, ABS_PRESSURE] {
            if let Some(info) = snapshot.axes.get(&axis) {
                self.axis(axis, info.value);
            }
        }
        if let Down::Button(key) = self.by {
            self.set_down(snapshot.keys.contains(&key));
        }
    }

    /// Lifts the finger.
    pub(crate) fn lift(&mut self) {
        self.is_down = false;
    }

    /// Whether a key reports touches better than the current source.
    pub(crate) fn is_better(&self, key: u16) -> bool {
        let rank = |by| match by {
            Down::Button(BTN_TOUCH) => 2,
            Down::Button(BTN_LEFT) => 1,
            Down::Button(_) | Down::Pressure => 0,
        };
        rank(Down::Button(key)) > rank(self.by)
    }

    /// Events that bring another decoder to the same position.
    pub(crate) fn position(&self) -> Vec<(u16, u16, i32)> {
        vec![(EV_ABS, ABS_X, self.x), (EV_ABS, ABS_Y, self.y)]
    }
}
