// SPDX-License-Identifier: GPL-3.0-or-later
//! Repeated attempts to open a device, with one log line per reason.

use std::time::{Duration, Instant};

use runtime::logging::OnChangeLog;

/// The time between two attempts.
const RETRY: Duration = Duration::from_secs(1);

/// The time of the next attempt.
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

    /// An attempt failed for this reason.
    pub(crate) fn failed(&mut self, now: Instant, reason: &str) {
        self.next = Some(now + RETRY);
        self.log.warn(reason);
    }

    pub(crate) fn found(&mut self) {
        *self = Self::default();
    }
}
