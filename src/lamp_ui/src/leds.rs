// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether the GPIO daemon drives the LEDs, for the status page.

use std::time::Duration;

use pigpio::{Client, Pin};
use runtime::address::Address;
use runtime::thread;

/// The red LED. The daemon drives all LEDs or none.
const LED: Pin = 19;

/// The maximum time for the daemon's answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The state of the LEDs.
#[derive(Debug, Default)]
pub(crate) struct Leds {
    driven: Option<bool>,
    /// Whether a request is in progress.
    is_asked: bool,
}

impl Leds {
    /// Whether the daemon drove them at the last answer; `None` without an answer.
    pub(crate) fn driven(&self) -> Option<bool> {
        self.driven
    }

    /// Sends a request on a new thread, unless one is in progress. `on_answer` receives the answer.
    pub(crate) fn ask(&mut self, pigpiod: &Address, on_answer: impl FnOnce(Option<bool>) + Send + 'static) {
        if self.is_asked {
            return;
        }
        let Address { host, port } = pigpiod.clone();
        let ask = move || {
            let answer = Client::connect(&host, port, PATIENCE).and_then(|mut client| client.drives(LED));
            on_answer(answer.ok());
        };
        match thread::start("leds", ask) {
            Ok(()) => self.is_asked = true,
            Err(error) => log::warn!("cannot start the LED status thread: {error}"),
        }
    }

    /// Stores the answer. Returns true if it has changed.
    pub(crate) fn answered(&mut self, driven: Option<bool>) -> bool {
        self.is_asked = false;
        std::mem::replace(&mut self.driven, driven) != driven
    }
}
