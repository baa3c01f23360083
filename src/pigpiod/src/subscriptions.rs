// SPDX-License-Identifier: GPL-3.0-or-later
//! The connections with reports and their pins.
//!
//! pigpio's daemon sends each subscriber a keep-alive every minute. This one does not: both ends are on one
//! machine, where a connection closes with its peer, and an idle lamp must not wake the processor.

use pigpio::ErrorCode;
use pigpio::protocol::{REPORT_HANDLES, Report};

use crate::Change;

/// The server's number of a connection.
pub(crate) type Client = u64;

#[derive(Debug, Clone, Copy)]
struct Subscription {
    client: Client,
    pins: u32,
    sequence: u16,
}

/// The connections with reports, indexed by their handles.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions([Option<Subscription>; REPORT_HANDLES]);

impl Subscriptions {
    /// Opens reports on a connection, without pins. A connection has at most one handle.
    pub(crate) fn open(&mut self, client: Client) -> Result<u32, ErrorCode> {
        let free = self.0.iter().position(Option::is_none).ok_or(ErrorCode::NO_HANDLE)?;
        self.forget(client);
        self.0[free] = Some(Subscription { client, pins: 0, sequence: 0 });
        Ok(free as u32)
    }

    /// Starts reports on the pins of a mask. An empty mask pauses them.
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

    /// Ends the reports of a closed connection.
    pub(crate) fn forget(&mut self, client: Client) {
        for place in &mut self.0 {
            place.take_if(|subscription| subscription.client == client);
        }
    }

    /// The reports of a change for each subscriber. `levels` are the levels after it.
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
