// SPDX-License-Identifier: GPL-3.0-or-later
//! The status page and what opens it.

use std::time::{Duration, Instant};

use runtime::address::Address;

use crate::device_info;
use crate::leds::Leds;

/// The time between two updates of the facts.
const REFRESH: Duration = Duration::from_secs(1);

/// The facts' sources, and whether the page is open.
pub(crate) struct Status {
    pigpiod: Address,
    /// The broker connection, and the bridge's state if known.
    pub connected: bool,
    pub bridged: Option<bool>,
    leds: Leds,
    /// Whether the panel's button is pressed.
    pub button: bool,
    /// Whether the finger has opened the page.
    pub finger: bool,
    refresh: Option<Instant>,
}

/// How the page changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// No change.
    Same,
    /// It closes.
    Close,
    /// It opens or changes, with [`Status::facts`].
    Show,
}

impl Status {
    /// For a device with the GPIO daemon at `pigpiod`.
    pub(crate) fn new(pigpiod: Address) -> Self {
        Self {
            pigpiod,
            connected: false,
            bridged: None,
            leds: Leds::default(),
            button: false,
            finger: false,
            refresh: None,
        }
    }

    /// Whether the page is open.
    pub(crate) fn is_open(&self) -> bool {
        self.button || self.finger
    }

    /// Handles deadlines. `on_answer` receives the daemon's answer about the LEDs.
    pub(crate) fn keep_time(
        &mut self,
        now: Instant,
        on_answer: impl FnOnce(Option<bool>) + Send + 'static,
    ) -> Page {
        if !self.is_open() {
            return if self.refresh.take().is_some() { Page::Close } else { Page::Same };
        }
        if self.refresh.is_some_and(|due| due > now) {
            return Page::Same;
        }
        self.leds.ask(&self.pigpiod, on_answer);
        self.refresh = Some(now + REFRESH);
        Page::Show
    }

    /// Stores the daemon's answer. Returns whether the page must be updated.
    pub(crate) fn answered(&mut self, driven: Option<bool>) -> bool {
        self.leds.answered(driven) && self.is_open()
    }

    /// The button was pressed or released.
    pub(crate) fn press_button(&mut self, pressed: bool) {
        self.button = pressed;
        self.refresh = self.refresh.and(Some(Instant::now()));
    }

    /// Labels and values.
    pub(crate) fn facts(&self) -> Vec<(String, String)> {
        device_info::facts(self.connected, self.bridged, self.leds.driven())
    }

    /// The next deadline.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.refresh
    }
}
