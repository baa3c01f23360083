// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether the GPIO daemon drives the LEDs, for the status page.

use std::thread;
use std::time::Duration;

use pigpio::{Client, Pin};
use program::address::Address;

/// The red LED. The daemon drives all LEDs or none.
const LED: Pin = 19;

/// Longest wait for the daemon's answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks once, on a thread of its own, and hands over the answer: `None` if the daemon gives none.
pub fn ask(pigpiod: Address, on_answer: impl FnOnce(Option<bool>) + Send + 'static) {
    let ask = move || {
        let answer = Client::connect(&pigpiod.host, pigpiod.port, PATIENCE)
            .and_then(|mut client| client.drives(LED))
            .ok();
        on_answer(answer);
    };
    if let Err(error) = thread::Builder::new().name("leds".into()).spawn(ask) {
        log::warn!("cannot start the thread that asks about the LEDs: {error}");
    }
}
