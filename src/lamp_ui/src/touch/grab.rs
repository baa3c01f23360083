// SPDX-License-Identifier: GPL-3.0-or-later
//! Touches that are kept for the lamp: other programs that have the touch screen open, such as a desktop, get none.

use runtime::logging::OnChangeLog;

use super::TouchScreen;

/// Whether touches are kept, and whether they shall be.
#[derive(Default)]
pub(super) struct DeviceGrab {
    is_wanted: bool,
    is_held: bool,
    log: OnChangeLog,
}

impl DeviceGrab {
    /// From now on touches are kept, or not.
    pub(super) fn want(&mut self, is_wanted: bool, screen: Option<&TouchScreen>) {
        self.is_wanted = is_wanted;
        self.apply(screen);
    }

    /// A touch screen was opened, or lost: what was kept of another one is free.
    pub(super) fn on(&mut self, screen: Option<&TouchScreen>) {
        self.is_held = false;
        self.apply(screen);
    }

    /// Tries again, if another program kept the touches when they were wanted.
    pub(super) fn apply(&mut self, screen: Option<&TouchScreen>) {
        let Some(screen) = screen.filter(|_| self.is_wanted != self.is_held) else { return };
        match screen.grab(self.is_wanted) {
            Ok(()) => {
                self.is_held = self.is_wanted;
                self.log.reset();
            }
            Err(error) => self.log.warn(&format!(
                "cannot keep the touches of {} for the lamp, as another program may do so: {error}",
                screen.description()
            )),
        }
    }
}
