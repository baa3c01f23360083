// SPDX-License-Identifier: GPL-3.0-or-later
//! Multi-touch protocol A: each packet lists all contacts, each ended by `SYN_MT_REPORT`.
//!
//! As in mtdev: a contact without a tracking ID belongs to the nearest contact of the packet before. An entry
//! without a position is not a contact. A packet without contacts, or with `BTN_TOUCH` alone, lifts all
//! fingers. A packet about something else, such as the single-touch axes, changes nothing. Small movements
//! are smoothed, because the kernel does this only for the other protocols.

use std::collections::BTreeMap;

use crate::AxisInfo;
use crate::codes::{
    ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_MT_PRESSURE, ABS_MT_SLOT, ABS_MT_TOOL_Y, ABS_MT_TOUCH_MAJOR,
    ABS_MT_TRACKING_ID,
};
use crate::contact::{Contact, Keys};

/// The maximum number of contacts in a packet, as in mtdev. Further ones are ignored.
const MOST: usize = 32;

/// The part of an axis that is noise if the driver does not report it, as in mtdev (`SN_COORD`).
const SIGNAL_TO_NOISE: i32 = 250;

#[derive(Debug, Default)]
pub(crate) struct Packets {
    /// Noise of x and y, in the device's units.
    fuzz: [i32; 2],
    packet: Packet,
    /// Fingers that are down.
    fingers: Vec<Finger>,
    keys: Keys,
    /// Whether the fingers of the next packet may already have been down before.
    is_catching_up: bool,
}

/// The part of a packet received so far.
#[derive(Debug, Default)]
struct Packet {
    /// The current contact.
    entry: Entry,
    listed: Vec<Entry>,
    /// Whether the packet has events. A packet without events has no contacts; it can only come from a pipe
    /// because the kernel drops it.
    has_events: bool,
    /// Whether it is about touches.
    is_relevant: bool,
    /// Whether all fingers are lifted.
    is_released: bool,
}

/// A listed contact.
#[derive(Debug, Default, Clone, Copy)]
struct Entry {
    id: Option<i32>,
    x: Option<i32>,
    y: Option<i32>,
    /// Size and pressure, if reported.
    size: Option<i32>,
    pressure: Option<i32>,
}

#[derive(Debug, Clone, Copy)]
struct Finger {
    id: Option<i32>,
    contact: Contact,
    /// Whether it had a size or pressure, so that its absence means that it was lifted.
    had_size: bool,
    had_pressure: bool,
}

impl Packets {
    /// Creates the decoder for a device with these axes, if known.
    pub(crate) fn new(axes: &BTreeMap<u16, AxisInfo>) -> Self {
        let fuzz = [ABS_MT_POSITION_X, ABS_MT_POSITION_Y].map(|axis| {
            let info = axes.get(&axis).copied().unwrap_or_default();
            if info.fuzz != 0 {
                info.fuzz
            } else {
                info.maximum.saturating_sub(info.minimum) / SIGNAL_TO_NOISE
            }
        });
        Self { fuzz, ..Self::default() }
    }

    pub(crate) fn axis(&mut self, axis: u16, value: i32) {
        let packet = &mut self.packet;
        packet.has_events = true;
        packet.is_relevant |= (ABS_MT_SLOT..=ABS_MT_TOOL_Y).contains(&axis);
        match axis {
            ABS_MT_TRACKING_ID => packet.entry.id = Some(value),
            ABS_MT_POSITION_X => packet.entry.x = Some(value),
            ABS_MT_POSITION_Y => packet.entry.y = Some(value),
            ABS_MT_TOUCH_MAJOR => packet.entry.size = Some(value),
            ABS_MT_PRESSURE => packet.entry.pressure = Some(value),
            _ => {}
        }
    }

    /// `BTN_TOUCH`.
    pub(crate) fn touch_button(&mut self, is_down: bool) {
        self.packet.has_events = true;
        self.packet.is_released = !is_down;
        self.packet.is_relevant |= !is_down;
    }

    /// `SYN_MT_REPORT`.
    pub(crate) fn end_contact(&mut self) {
        let packet = &mut self.packet;
        packet.has_events = true;
        packet.is_relevant = true;
        let entry = std::mem::take(&mut packet.entry);
        if packet.listed.len() < MOST {
            packet.listed.push(entry);
        }
    }

    /// An event that is not about touches.
    pub(crate) fn other(&mut self) {
        self.packet.has_events = true;
    }

    /// The contacts at the end of a packet.
    pub(crate) fn contacts(&mut self) -> Vec<Contact> {
        let packet = std::mem::take(&mut self.packet);
        if packet.is_relevant || !packet.has_events {
            self.fingers = self.assign(if packet.is_released { Vec::new() } else { packet.listed });
            self.is_catching_up &= !self.fingers.is_empty();
        } else {
            for finger in &mut self.fingers {
                finger.contact.is_new = false;
            }
        }
        self.fingers.iter().map(|finger| finger.contact).collect()
    }

    /// The fingers of the next packets may have been down before and are not new until no finger is down.
    pub(crate) fn begin_in_the_middle(&mut self) {
        self.lift();
        self.is_catching_up = true;
    }

    /// Lifts all fingers.
    pub(crate) fn lift(&mut self) {
        *self = Self { fuzz: self.fuzz, keys: std::mem::take(&mut self.keys), ..Self::default() };
    }

    /// Assigns listed contacts to fingers.
    fn assign(&mut self, listed: Vec<Entry>) -> Vec<Finger> {
        let has_ids = listed.iter().any(|entry| entry.id.is_some());
        let listed: Vec<(Entry, i32, i32)> = listed
            .into_iter()
            .filter(|entry| if has_ids { entry.id.is_some_and(|id| id >= 0) } else { entry.size != Some(0) })
            .filter_map(|entry| Some((entry, entry.x?, entry.y?)))
            .collect();
        let before: Vec<Option<Finger>> = if has_ids {
            let with_id = |id| self.fingers.iter().find(|finger| finger.id == id).copied();
            listed.iter().map(|(entry, ..)| with_id(entry.id)).collect()
        } else {
            let places: Vec<_> = listed.iter().map(|(_, x, y)| (*x, *y)).collect();
            let known: Vec<_> =
                self.fingers.iter().map(|finger| (finger.contact.x, finger.contact.y)).collect();
            nearest(&places, &known).into_iter().map(|index| self.fingers.get(index?).copied()).collect()
        };
        let mut fingers: Vec<Finger> = Vec::new();
        for ((entry, x, y), before) in listed.iter().zip(before) {
            // A driver that lists an ID twice means one finger.
            if has_ids && fingers.iter().any(|finger| finger.id == entry.id) {
                continue;
            }
            let (contact, had_size, had_pressure) = match before {
                Some(Finger { had_size: true, .. }) if entry.size == Some(0) => continue,
                Some(Finger { had_pressure: true, .. }) if entry.pressure == Some(0) => continue,
                Some(Finger { contact, had_size, had_pressure, .. }) => {
                    let [x, y] = [(*x, contact.x, self.fuzz[0]), (*y, contact.y, self.fuzz[1])]
                        .map(|(value, before, fuzz)| smooth(value, before, fuzz));
                    (Contact { x, y, is_new: false, ..contact }, had_size, had_pressure)
                }
                None => {
                    let key = self.keys.next();
                    (Contact { key, x: *x, y: *y, is_new: !self.is_catching_up }, false, false)
                }
            };
            fingers.push(Finger {
                id: entry.id,
                contact,
                had_size: had_size || entry.size.is_some_and(|size| size > 0),
                had_pressure: had_pressure || entry.pressure.is_some_and(|pressure| pressure > 0),
            });
        }
        fingers
    }
}

/// For each of `places` the index of the one of `known` that it came from, with a small sum of squared
/// distances. As many as possible are matched.
fn nearest(places: &[(i32, i32)], known: &[(i32, i32)]) -> Vec<Option<usize>> {
    let cost = |place: usize, from: usize| match (places.get(place), known.get(from)) {
        (Some((x, y)), Some((known_x, known_y))) => {
            let square = |one: &i32, other: &i32| (i128::from(*one) - i128::from(*other)).pow(2);
            square(x, known_x) + square(y, known_y)
        }
        _ => 0,
    };
    let size = places.len().max(known.len());
    let mut from: Vec<usize> = (0..size).collect();
    // Each exchange makes the sum smaller, so this ends.
    let mut is_better = true;
    while is_better {
        is_better = false;
        for (one, other) in (0..size).flat_map(|other| (0..other).map(move |one| (one, other))) {
            if cost(one, from[other]) + cost(other, from[one])
                < cost(one, from[one]) + cost(other, from[other])
            {
                from.swap(one, other);
                is_better = true;
            }
        }
    }
    from.iter().take(places.len()).map(|index| (*index < known.len()).then_some(*index)).collect()
}

/// Smooths a position with the filter of mtdev and the kernel (`input_defuzz_abs_event`).
fn smooth(value: i32, before: i32, fuzz: i32) -> i32 {
    let (value, before, fuzz) = (i64::from(value), i64::from(before), i64::from(fuzz));
    let is_within = |distance: i64| before - distance < value && value < before + distance;
    let smoothed = if fuzz == 0 {
        value
    } else if is_within(fuzz / 2) {
        before
    } else if is_within(fuzz) {
        (before * 3 + value) / 4
    } else if is_within(fuzz * 2) {
        i64::midpoint(before, value)
    } else {
        value
    };
    smoothed as i32
}
