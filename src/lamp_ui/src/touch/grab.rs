// SPDX-License-Identifier: GPL-3.0-or-later
//! Grabbing the touch screen, so that other programs, such as a desktop, receive no touches.

use runtime::logging::OnChangeLog;

use super::TouchScreen;

/// Whether touches are grabbed, and whether they should be.
#[derive(Default)]
pub(super) struct DeviceGrab {
    is_wanted: bool,
    is_held: bool,
    log: OnChangeLog,
}

impl DeviceGrab {
    /// Sets whether touches should be grabbed.
    pub(super) fn want(&mut self, is_wanted: bool, screen: Option<&TouchScreen>) {
        self.is_wanted = is_wanted;
        self.apply(screen);
    }

    /// A touch screen was opened or lost, which releases a grab of the old one.
    pub(super) fn on(&mut self, screen: Option<&TouchScreen>) {
        self.is_held = false;
        self.apply(screen);
    }

    /// Retries if another program had grabbed the device.
    pub(super) fn apply(&mut self, screen: Option<&TouchScreen>) {
        let Some(screen) = screen.filter(|_| self.is_wanted != self.is_held) else { return };
        match screen.grab(self.is_wanted) {
            Ok(()) => {
                self.is_held = self.is_wanted;
                self.log.reset();
            }
            Err(error) => self.log.warn(&format!(
                "cannot grab {}: {error}; another program may have grabbed it",
                screen.description()
            )),
        }
    }
}
