// SPDX-License-Identifier: GPL-3.0-or-later
//! Passes requests to the pins or the subscriptions, and creates the reports.

use pigpio::ErrorCode;
use pigpio::protocol::{Message, Report, number};

use crate::subscriptions::{Client, Subscriptions};
use crate::{Hardware, Pins};

/// Hardware events for the server.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Reports, with the connection of each.
    pub reports: Vec<(Client, Report)>,
    /// Outputs are available that were missing before.
    pub outputs_came: bool,
}

/// The pins, and the connections with reports.
#[derive(Debug)]
pub(crate) struct Dispatcher<H> {
    pub pins: Pins<H>,
    subscriptions: Subscriptions,
}

impl<H: Hardware> Dispatcher<H> {
    pub(crate) fn new(pins: Pins<H>) -> Self {
        Self { pins, subscriptions: Subscriptions::default() }
    }

    /// Runs a request of a client.
    pub(crate) fn answer(
        &mut self,
        client: Client,
        request: Message,
        further: &[u8],
    ) -> Result<u32, ErrorCode> {
        let Message { command, first, second, .. } = request;
        match command {
            number::NOIB => self.subscriptions.open(client),
            number::NB => {
                let begun = self.subscriptions.begin(first, second);
                // Reading a level claims the input, which reports require.
                self.pins.levels();
                begun
            }
            number::NP => self.subscriptions.begin(first, 0),
            number::NC => self.subscriptions.close(first),
            _ => self.pins.run(request, further),
        }
    }

    /// Removes a client.
    pub(crate) fn forget(&mut self, client: Client) {
        self.subscriptions.forget(client);
    }

    /// The hardware events since the last call.
    pub(crate) fn take_changes(&mut self) -> Changes {
        let events = self.pins.events();
        let mut reports = Vec::new();
        for change in events.changes {
            let levels = self.pins.levels_after(change);
            reports.extend(self.subscriptions.reports(change, levels));
        }
        Changes { reports, outputs_came: events.outputs_came }
    }
}
