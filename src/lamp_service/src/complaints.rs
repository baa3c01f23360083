// SPDX-License-Identifier: GPL-3.0-or-later
//! Log lines about what clients do wrong. One that does nothing else shall not fill the disk.

use std::time::{Duration, Instant};

use log::warn;

/// Time between two lines.
const BETWEEN: Duration = Duration::from_secs(1);

/// Tells at most one complaint a second, and how many were left out.
#[derive(Default)]
pub struct Complaints {
    told: Option<Instant>,
    untold: u32,
}

impl Complaints {
    /// Logs `text`, if it is not too early.
    pub fn tell(&mut self, text: &str) {
        if self.told.is_some_and(|told| told.elapsed() < BETWEEN) {
            self.untold = self.untold.saturating_add(1);
            return;
        }
        match self.untold {
            0 => warn!("{text}"),
            untold => warn!("{text} (and {untold} more before)"),
        }
        *self = Self { told: Some(Instant::now()), untold: 0 };
    }
}
