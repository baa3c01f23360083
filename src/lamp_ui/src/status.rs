// SPDX-License-Identifier: GPL-3.0-or-later
//! The page that shows what is known of the device, and who wants to see it.

use std::time::{Duration, Instant};

use runtime::address::Address;

use crate::device_info;
use crate::leds::Leds;

/// Time between two looks at the facts while they are shown.
const REFRESH: Duration = Duration::from_secs(1);

/// What is known, and whether it is shown.
pub(crate) struct Status {
    pigpiod: Address,
    /// Whether there is a connection to the broker, and what that says of its bridge.
    pub connected: bool,
    pub bridged: Option<bool>,
    leds: Leds,
    /// The panel's button is pressed.
    pub button: bool,
    /// The finger has called the page.
    pub finger: bool,
    refresh: Option<Instant>,
}

/// What becomes of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// It stays as it is.
    Same,
    /// It is closed.
    Close,
    /// It shows [`Status::facts`].
    Show,
}

impl Status {
    /// Of a device whose LEDs the daemon at `pigpiod` drives.
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

    /// Whether the page is wanted.
    pub(crate) fn is_open(&self) -> bool {
        self.button || self.finger
    }

    /// Does what time has come for. What the daemon answers of the LEDs is handed to `on_answer`.
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

    /// The daemon has answered. Says whether the page is to be shown anew.
    pub(crate) fn answered(&mut self, driven: Option<bool>) -> bool {
        self.leds.answered(driven) && self.is_open()
    }

    /// The button is pressed, or not any more.
    pub(crate) fn press_button(&mut self, pressed: bool) {
        self.button = pressed;
        self.refresh = self.refresh.and(Some(Instant::now()));
    }

    /// Labels and values.
    pub(crate) fn facts(&self) -> Vec<(&'static str, String)> {
        device_info::facts(self.connected, self.bridged, self.leds.driven())
    }

    /// When it has something to do next.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.refresh
    }
}
