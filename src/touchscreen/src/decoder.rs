// SPDX-License-Identifier: GPL-3.0-or-later
//! Decodes the events of a touch screen to one finger: down, moved, up.

use std::collections::{BTreeMap, BTreeSet};

use crate::AxisInfo;
use crate::capabilities::{Down, Protocol};
use crate::codes::{
    ABS_MT_SLOT, ABS_MT_TOOL_Y, ABS_PRESSURE, BTN_LEFT, BTN_TOUCH, EV_ABS, EV_KEY, EV_SYN, SYN_DROPPED,
    SYN_MT_REPORT, SYN_REPORT,
};
use crate::contact::{Contact, Finger, Touch};
use crate::packets::Packets;
use crate::single::Single;
use crate::slots::Slots;

/// The maximum number of events kept while the protocol is unknown. The kernel's packets are smaller.
const MOST_KEPT: usize = 1024;

/// A device's state in the kernel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The axes.
    pub axes: BTreeMap<u16, AxisInfo>,
    /// The current slot.
    pub slot: i32,
    /// Tracking ID (-1: no contact), x and y of each slot.
    pub slots: Vec<(i32, i32, i32)>,
    /// The buttons that are pressed: `BTN_TOUCH` and `BTN_LEFT`.
    pub keys: BTreeSet<u16>,
    /// Whether the device has `BTN_TOUCH`, so that its absence from `keys` has a meaning.
    pub has_touch_button: bool,
}

impl Snapshot {
    /// Whether `BTN_TOUCH` is pressed; `None` if the device has none.
    fn touch_button(&self) -> Option<bool> {
        self.has_touch_button.then(|| self.keys.contains(&BTN_TOUCH))
    }
}

/// Collects the events of a packet and returns at its end what the finger did.
#[derive(Debug)]
pub struct Decoder {
    form: Form,
    /// Whether the protocol is a guess from the events.
    is_guess: bool,
    finger: Finger,
    /// Events were lost; the rest of the packet is ignored.
    is_torn: bool,
}

#[derive(Debug)]
enum Form {
    Slots(Slots),
    Packets(Packets),
    Single(Single),
    /// Only these events are known.
    Unknown(Vec<(u16, u16, i32)>),
}

impl Decoder {
    /// Creates a decoder for a device of this protocol, starting from the kernel's state. Fingers that are
    /// already down are not followed.
    #[must_use]
    pub fn new(protocol: Protocol, snapshot: &Snapshot) -> Self {
        let mut form = Form::new(protocol, &snapshot.axes);
        match &mut form {
            Form::Packets(packets) => {
                if snapshot.touch_button() == Some(true) {
                    packets.begin_in_the_middle();
                }
            }
            form => {
                form.take_over(snapshot);
                // The fingers that are down become known, so they are not new.
                form.contacts();
            }
        }
        Self { form, is_guess: false, finger: Finger::default(), is_torn: false }
    }

    /// Creates a decoder for raw events. It detects the protocol from them.
    #[must_use]
    pub fn of_unknown() -> Self {
        Self { form: Form::Unknown(Vec::new()), is_guess: true, finger: Finger::default(), is_torn: false }
    }

    /// Takes one event. The `SYN_REPORT` at the end of a packet returns what the finger did.
    ///
    /// `SYN_DROPPED` loses the finger, and the rest of the packet is ignored. Callers with a device instead
    /// read its state and call [`Self::take_over`].
    pub fn event(&mut self, kind: u16, code: u16, value: i32) -> [Option<Touch>; 2] {
        match (kind, code) {
            (EV_SYN, SYN_DROPPED) => {
                self.is_torn = true;
                self.form.lose();
                [self.finger.lose(), None]
            }
            (EV_SYN, SYN_REPORT) => {
                if std::mem::take(&mut self.is_torn) {
                    return [None; 2];
                }
                let contacts = self.form.contacts();
                self.finger.follow(&contacts)
            }
            _ => {
                if !self.is_torn {
                    if self.is_guess {
                        self.form.doubt(kind, code);
                    }
                    self.form.event(kind, code, value);
                }
                [None; 2]
            }
        }
    }

    /// Continues from the kernel's state after events were lost: follows the finger if it is still down, and
    /// returns its position. A finger that went down in between is followed from its current position.
    pub fn take_over(&mut self, snapshot: &Snapshot) -> [Option<Touch>; 2] {
        match &mut self.form {
            // Only the next packet contains the positions.
            Form::Packets(packets) => match snapshot.touch_button() {
                Some(true) => [None; 2],
                Some(false) => {
                    packets.lift();
                    self.finger.follow(&[])
                }
                None => {
                    packets.begin_in_the_middle();
                    [self.finger.lose(), None]
                }
            },
            form => {
                form.take_over(snapshot);
                let contacts = form.contacts();
                self.finger.follow(&contacts)
            }
        }
    }
}

impl Form {
    fn new(protocol: Protocol, axes: &BTreeMap<u16, AxisInfo>) -> Self {
        match protocol {
            Protocol::Slots => Self::Slots(Slots::default()),
            Protocol::Packets => Self::Packets(Packets::new(axes)),
            Protocol::Single(by) => Self::Single(Single::new(by, axes)),
        }
    }

    fn event(&mut self, kind: u16, code: u16, value: i32) {
        match (self, kind) {
            (Self::Slots(slots), EV_ABS) => slots.axis(code, value),
            (Self::Packets(packets), EV_ABS) => packets.axis(code, value),
            (Self::Packets(packets), EV_KEY) if code == BTN_TOUCH => packets.touch_button(value != 0),
            (Self::Packets(packets), EV_SYN) if code == SYN_MT_REPORT => packets.end_contact(),
            (Self::Packets(packets), _) => packets.other(),
            (Self::Single(single), EV_ABS) => single.axis(code, value),
            (Self::Single(single), EV_KEY) => single.key(code, value != 0),
            (Self::Unknown(events), _) => {
                if events.len() == MOST_KEPT {
                    events.clear();
                }
                events.push((kind, code, value));
            }
            (Self::Slots(_) | Self::Single(_), _) => {}
        }
    }

    /// The contacts at the end of a packet.
    fn contacts(&mut self) -> Vec<Contact> {
        if let Self::Unknown(events) = self {
            let Some(protocol) = guess(events) else { return Vec::new() };
            let mut known = Self::new(protocol, &BTreeMap::new());
            for (kind, code, value) in events {
                known.event(*kind, *code, *value);
            }
            *self = known;
        }
        match self {
            Self::Slots(slots) => slots.contacts(),
            Self::Packets(packets) => packets.contacts(),
            Self::Single(single) => single.contacts(),
            Self::Unknown(_) => Vec::new(),
        }
    }

    /// Discards a guess that an event contradicts.
    fn doubt(&mut self, kind: u16, code: u16) {
        let is_wrong = match self {
            Self::Slots(_) => is_end_of_contact(kind, code),
            Self::Single(single) => {
                is_end_of_contact(kind, code)
                    || is_multi_touch(kind, code)
                    || kind == EV_KEY && single.is_better(code)
            }
            Self::Packets(_) | Self::Unknown(_) => false,
        };
        if is_wrong {
            *self = Self::Unknown(match self {
                Self::Single(single) => single.position(),
                _ => Vec::new(),
            });
        }
    }

    fn take_over(&mut self, snapshot: &Snapshot) {
        match self {
            Self::Slots(slots) => slots.take_over(snapshot),
            Self::Single(single) => single.take_over(snapshot),
            Self::Packets(_) | Self::Unknown(_) => {}
        }
    }

    fn lose(&mut self) {
        match self {
            Self::Slots(slots) => slots.lift(),
            Self::Packets(packets) => packets.begin_in_the_middle(),
            Self::Single(single) => single.lift(),
            Self::Unknown(events) => events.clear(),
        }
    }
}

fn is_multi_touch(kind: u16, code: u16) -> bool {
    kind == EV_ABS && (ABS_MT_SLOT..=ABS_MT_TOOL_Y).contains(&code)
}

fn is_end_of_contact(kind: u16, code: u16) -> bool {
    (kind, code) == (EV_SYN, SYN_MT_REPORT)
}

/// The protocol of the events, if it is clear.
fn guess(events: &[(u16, u16, i32)]) -> Option<Protocol> {
    let has = |is: &dyn Fn(u16, u16) -> bool| events.iter().any(|(kind, code, _)| is(*kind, *code));
    let has_key = |key| has(&|kind, code| (kind, code) == (EV_KEY, key));
    if has(&is_end_of_contact) {
        Some(Protocol::Packets)
    } else if has(&is_multi_touch) {
        Some(Protocol::Slots)
    } else if has_key(BTN_TOUCH) {
        Some(Protocol::Single(Down::Button(BTN_TOUCH)))
    } else if has_key(BTN_LEFT) {
        Some(Protocol::Single(Down::Button(BTN_LEFT)))
    } else if has(&|kind, code| (kind, code) == (EV_ABS, ABS_PRESSURE)) {
        Some(Protocol::Single(Down::Pressure))
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
