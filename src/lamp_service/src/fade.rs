// SPDX-License-Identifier: GPL-3.0-or-later
//! The transition from one colour to the next, and the gamma correction of duty cycles.

use std::time::{Duration, Instant};

use lamp::state::PWM_RANGE;

/// The time between two steps of a transition: 50 steps a second look continuous.
const STEP: Duration = Duration::from_millis(20);

/// A linear transition of each LED from one duty cycle to another in a given time.
#[derive(Debug, Clone)]
pub(crate) struct Fade {
    from: [u32; 3],
    to: [u32; 3],
    start: Instant,
    length: Duration,
}

impl Fade {
    /// A transition that stays at `duty`.
    pub(crate) fn resting_at(duty: [u32; 3], now: Instant) -> Self {
        Self { from: duty, to: duty, start: now, length: Duration::ZERO }
    }

    /// Starts a transition to `duty` from the duty cycle at `now`. A running transition to the same `duty`
    /// continues.
    pub(crate) fn aim(&mut self, duty: [u32; 3], length: Duration, now: Instant) {
        if duty != self.to {
            *self = Self { from: self.at(now), to: duty, start: now, length };
        }
    }

    /// The duty cycle at `now`.
    pub(crate) fn at(&self, now: Instant) -> [u32; 3] {
        let gone = now.saturating_duration_since(self.start);
        if gone >= self.length {
            return self.to;
        }
        let part = gone.as_secs_f64() / self.length.as_secs_f64();
        std::array::from_fn(|led| {
            let (from, to) = (f64::from(self.from[led]), f64::from(self.to[led]));
            (from + (to - from) * part).round() as u32
        })
    }

    /// The time of the next step; `None` at the end.
    pub(crate) fn next_step(&self, now: Instant) -> Option<Instant> {
        let end = self.start + self.length;
        (now < end).then(|| end.min(now + STEP))
    }
}

/// Applies the exponent `gamma` to `duty`, for pins with so many real `levels`.
///
/// An exponent of 1 changes nothing. A lit LED keeps at least the smallest level, or the dimmest light would
/// be off.
pub(crate) fn corrected(duty: [u32; 3], gamma: f64, levels: u32) -> [u32; 3] {
    if (gamma - 1.0).abs() < f64::EPSILON {
        return duty;
    }
    let range = f64::from(PWM_RANGE);
    let smallest = PWM_RANGE.div_ceil(levels.max(1));
    duty.map(|duty| match duty {
        0 => 0,
        _ => (((f64::from(duty) / range).powf(gamma) * range).round() as u32).clamp(smallest, PWM_RANGE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fade_is_monotonic_and_ends_exactly() {
        let start = Instant::now();
        let length = Duration::from_millis(500);
        let (from, to) = ([1000, 0, 137], [20, 1000, 137]);
        let mut fade = Fade::resting_at(from, start);
        assert_eq!(fade.next_step(start), None);
        fade.aim(to, length, start);
        let mut last = fade.at(start);
        assert_eq!(last, from);
        let mut now = start;
        let mut steps = 0;
        while let Some(next) = fade.next_step(now) {
            now = next;
            let duty = fade.at(now);
            assert!(duty[0] <= last[0] && duty[1] >= last[1] && duty[2] == 137, "{last:?}, {duty:?}");
            last = duty;
            steps += 1;
        }
        assert_eq!((last, now, steps), (to, start + length, 25));
        // Long after the end and, in case a clock is wrong, before the start.
        assert_eq!(fade.at(now + Duration::from_hours(24)), to);
        assert_eq!(fade.at(start.checked_sub(Duration::from_secs(1)).unwrap()), from);
    }

    #[test]
    fn a_change_during_a_transition_starts_from_the_current_colour() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut fade = Fade::resting_at([0; 3], start);
        fade.aim([1000; 3], second, start);
        let half = start + second / 2;
        assert_eq!(fade.at(half), [500; 3]);
        // The same target again does not slow it down.
        fade.aim([1000; 3], second, half);
        assert_eq!(fade.at(start + second), [1000; 3]);
        fade.aim([0; 3], second, half);
        assert_eq!(fade.at(half), [500; 3]);
        assert_eq!(fade.at(half + second / 2), [250; 3]);
        // Without a duration it jumps.
        fade.aim([7; 3], Duration::ZERO, half);
        assert_eq!((fade.at(half), fade.next_step(half)), ([7; 3], None));
    }

    #[test]
    fn the_correction_keeps_order_limits_and_light() {
        for levels in [200, 1000] {
            assert_eq!(corrected([0, 250, 1000], 1.0, levels), [0, 250, 1000]);
            let bent: Vec<u32> = (0..=1000).map(|duty| corrected([duty, 0, 0], 2.2, levels)[0]).collect();
            assert!(bent.is_sorted());
            assert_eq!((bent[0], bent[1], bent[500], bent[1000]), (0, 1000 / levels, 218, 1000));
        }
    }
}
