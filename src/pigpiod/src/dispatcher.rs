// SPDX-License-Identifier: GPL-3.0-or-later
//! Carries out requests, by the pins or the subscriptions, and makes the reports.

use pigpio::ErrorCode;
use pigpio::protocol::{Message, Report, number};

use crate::subscriptions::{Client, Subscriptions};
use crate::{Hardware, Pins};

/// What has happened by itself, as the server acts on it.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Reports, and the connections that they go to.
    pub reports: Vec<(Client, Report)>,
    /// What was refused for want of PWM is possible now.
    pub outputs_came: bool,
}

/// The pins, and the connections to which their changes are reported.
#[derive(Debug)]
pub(crate) struct Dispatcher<H> {
    pub pins: Pins<H>,
    subscriptions: Subscriptions,
}

impl<H: Hardware> Dispatcher<H> {
    pub(crate) fn new(pins: Pins<H>) -> Self {
        Self { pins, subscriptions: Subscriptions::default() }
    }

    /// Carries out what a client asks for.
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
                // An input is watched from when somebody asks for its level; who only wants reports has not yet.
                self.pins.levels();
                begun
            }
            number::NP => self.subscriptions.begin(first, 0),
            number::NC => self.subscriptions.close(first),
            _ => self.pins.run(request, further),
        }
    }

    /// A client is gone.
    pub(crate) fn forget(&mut self, client: Client) {
        self.subscriptions.forget(client);
    }

    /// What has happened by itself.
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
