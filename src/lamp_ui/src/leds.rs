// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether the GPIO daemon drives the LEDs, for the status page.

use std::time::Duration;

use pigpio::{Client, Pin};
use runtime::address::Address;
use runtime::thread;

/// The red LED. The daemon drives all LEDs or none.
const LED: Pin = 19;

/// Longest wait for the daemon's answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is known of the LEDs.
#[derive(Debug, Default)]
pub(crate) struct Leds {
    driven: Option<bool>,
    /// The daemon was asked and has not answered yet.
    is_asked: bool,
}

impl Leds {
    /// Whether the daemon drove them when it was asked last; `None` if it gave no answer.
    pub(crate) fn driven(&self) -> Option<bool> {
        self.driven
    }

    /// Asks the daemon, on a thread of its own, unless an answer is still to come. `on_answer` hands it over.
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
            Err(error) => log::warn!("cannot start the thread that asks about the LEDs: {error}"),
        }
    }

    /// Takes the answer. True if it is another than before.
    pub(crate) fn answered(&mut self, driven: Option<bool>) -> bool {
        self.is_asked = false;
        std::mem::replace(&mut self.driven, driven) != driven
    }
}
