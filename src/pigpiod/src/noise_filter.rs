// SPDX-License-Identifier: GPL-3.0-or-later
//! pigpio's noise filter: it reports changes only after the pin was steady, and then for a limited time.

/// The filter of a pin.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NoiseFilter {
    /// The time in microseconds that the level must be steady; 0 for no filter.
    steady: u32,
    /// The time in microseconds that changes count after that.
    active: u32,
    /// The time of the last change, counted or not.
    last: u32,
    /// The start of the time in which changes count, if any.
    since: Option<u32>,
}

impl NoiseFilter {
    /// A filter that starts at `now`.
    pub(crate) fn new(steady: u32, active: u32, now: u32) -> Self {
        Self { steady, active, last: now, since: None }
    }

    /// Whether a change counts. The time wraps around after 71 minutes.
    pub(crate) fn passes(&mut self, tick: u32) -> bool {
        if self.steady == 0 {
            return true;
        }
        if let Some(since) = self.since {
            if tick.wrapping_sub(since) < self.active {
                self.last = tick;
                return true;
            }
            // A steady time that started in the active time counts from the end of the active time.
            let rest = tick.wrapping_sub(self.last).min(tick.wrapping_sub(since) - self.active);
            self.last = tick.wrapping_sub(rest);
            self.since = None;
        }
        let was_steady = tick.wrapping_sub(self.last) >= self.steady;
        self.last = tick;
        self.since = was_steady.then_some(tick);
        was_steady
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_count_after_the_pin_was_steady() {
        let mut filter = NoiseFilter::new(300, 1000, u32::MAX - 99);
        let changes = [
            (100, false),
            (350, false),
            (650, true),
            (700, true),
            (1649, true),
            (1651, false),
            (1951, true),
            (2952, false),
        ];
        for (after, counts) in changes {
            assert_eq!(filter.passes((u32::MAX - 99).wrapping_add(after)), counts, "after {after} us");
        }
        assert!(NoiseFilter::default().passes(0), "no filter");
    }
}
