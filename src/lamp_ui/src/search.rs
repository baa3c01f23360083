// SPDX-License-Identifier: GPL-3.0-or-later
//! The wait for a device, with one log line for each reason and not one for each look.

use std::time::{Duration, Instant};

use runtime::logging::OnChangeLog;

/// Time between two looks for a device that is not there.
const RETRY: Duration = Duration::from_secs(1);

/// When to look for a device.
#[derive(Default)]
pub(crate) struct Search {
    next: Option<Instant>,
    log: OnChangeLog,
}

impl Search {
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| next <= now)
    }

    /// When to look next.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.next
    }

    /// It is not there, or cannot be used, for this reason.
    pub(crate) fn failed(&mut self, now: Instant, reason: &str) {
        self.next = Some(now + RETRY);
        self.log.warn(reason);
    }

    pub(crate) fn found(&mut self) {
        *self = Self::default();
    }
}
