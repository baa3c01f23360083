// SPDX-License-Identifier: GPL-3.0-or-later
//! Which connection gets reports on which pins.
//!
//! pigpio's daemon gives each subscriber a sign of life a minute. This one does not: the two ends are on one machine, where a
//! connection ends with its peer, and a lamp at rest shall not wake the processor.

use pigpio::ErrorCode;
use pigpio::protocol::{REPORT_HANDLES, Report};

use crate::Change;

/// A connection, by the number that the server gave it.
pub(crate) type Client = u64;

#[derive(Debug, Clone, Copy)]
struct Subscription {
    client: Client,
    pins: u32,
    sequence: u16,
}

/// The connections that were turned into ones of reports; the place of each is the handle by which it is named.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions([Option<Subscription>; REPORT_HANDLES]);

impl Subscriptions {
    /// Turns a connection into one of reports, of no pins so far. A connection has one handle at a time.
    pub(crate) fn open(&mut self, client: Client) -> Result<u32, ErrorCode> {
        let free = self.0.iter().position(Option::is_none).ok_or(ErrorCode::NO_HANDLE)?;
        self.forget(client);
        self.0[free] = Some(Subscription { client, pins: 0, sequence: 0 });
        Ok(free as u32)
    }

    /// Begins reports on the pins of a mask; none are a pause.
    pub(crate) fn begin(&mut self, handle: u32, pins: u32) -> Result<u32, ErrorCode> {
        self.0
            .get_mut(handle as usize)
            .and_then(Option::as_mut)
            .map(|subscription| subscription.pins = pins)
            .map(|()| 0)
            .ok_or(ErrorCode::BAD_HANDLE)
    }

    /// Ends reports.
    pub(crate) fn close(&mut self, handle: u32) -> Result<u32, ErrorCode> {
        self.0.get_mut(handle as usize).and_then(Option::take).map(|_| 0).ok_or(ErrorCode::BAD_HANDLE)
    }

    /// Ends the reports of a connection that is gone.
    pub(crate) fn forget(&mut self, client: Client) {
        for place in &mut self.0 {
            place.take_if(|subscription| subscription.client == client);
        }
    }

    /// The reports of a change for each subscriber, after which the pins have these levels.
    pub(crate) fn reports(&mut self, change: Change, levels: u32) -> Vec<(Client, Report)> {
        let wanting = self.0.iter_mut().flatten().filter(|to| to.pins & 1 << change.pin != 0);
        wanting
            .map(|to| {
                let report = Report { sequence: to.sequence, flags: 0, tick: change.tick, levels };
                to.sequence = to.sequence.wrapping_add(1);
                (to.client, report)
            })
            .collect()
    }
}
