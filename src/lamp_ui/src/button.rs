// SPDX-License-Identifier: GPL-3.0-or-later
//! The button beside the panel, monitored through pigpiod.

use std::convert::Infallible;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use pigpio::{Client, Command, Error, Mode, Pin, Pull};
use programs::pins;
use runtime::address::Address;
use runtime::backoff::Backoff;
use runtime::logging::OnChangeLog;

/// The rightmost button of the panel. It connects its pin to ground while pressed.
const BUTTON: Pin = pins::BUTTON;

/// The maximum time for pigpiod's answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Starts a thread that calls `on_change` whenever the button is pressed (`true`) or released, for the life
/// of the process. Without pigpiod the button counts as released.
pub(crate) fn watch(pigpiod: Address, on_change: impl Fn(bool) + Send + 'static) -> anyhow::Result<()> {
    let run = move || {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
        let mut log = OnChangeLog::default();
        let mut pressed = false;
        // Only changes: each wakes the screen's thread.
        let mut report = |now: bool| {
            if std::mem::replace(&mut pressed, now) != now {
                on_change(now);
            }
        };
        loop {
            let lost = follow(&pigpiod, &mut report, &mut backoff);
            report(false);
            let reason = lost.map_or_else(|error| error.to_string(), |never| match never {});
            log.warn(&format!("cannot watch the panel's button: {reason}"));
            thread::sleep(backoff.wait());
        }
    };
    runtime::thread::start("button", run).context("cannot start the button thread")
}

/// Reports, after each notification, whether the button is pressed, until the connection is lost.
fn follow(
    pigpiod: &Address,
    on_level: &mut impl FnMut(bool),
    backoff: &mut Backoff,
) -> Result<Infallible, Error> {
    let mut client = Client::connect(&pigpiod.host, pigpiod.port, PATIENCE)?;
    client.run(&[Command::SetMode(BUTTON, Mode::Input), Command::SetPull(BUTTON, Pull::Up)])?;
    let mut reports = client.reports(1 << BUTTON)?;
    backoff.reset();
    log::info!("watching the panel's button through pigpiod at {}", client.peer());
    loop {
        let [level] = client.run(&[Command::Read(BUTTON)])?;
        on_level(level == 0);
        reports.wait()?;
    }
}
