// SPDX-License-Identifier: GPL-3.0-or-later
//! The frequencies and ranges of pigpio's PWM at pigpiod's default sample time of 5 microseconds.

use std::ops::RangeInclusive;

/// The possible frequencies in Hz.
pub const FREQUENCIES: [u32; 18] =
    [8000, 4000, 2000, 1600, 1000, 800, 500, 400, 320, 250, 200, 160, 100, 80, 50, 40, 20, 10];

/// The default frequency of a pin in Hz.
pub const DEFAULT_FREQUENCY: u32 = 800;

/// The default range of a pin: the duty cycle that means "fully on".
pub const DEFAULT_RANGE: u32 = 255;

/// The possible ranges of a pin.
pub const RANGES: RangeInclusive<u32> = 25..=40_000;

/// Samples per second.
const SAMPLES: u32 = 200_000;

/// The nearest possible frequency; the higher one if two are equally near.
#[must_use]
pub fn nearest_frequency(hertz: u32) -> u32 {
    FREQUENCIES.into_iter().min_by_key(|frequency| frequency.abs_diff(hertz)).unwrap_or(DEFAULT_FREQUENCY)
}

/// The number of levels that pigpio has at a frequency.
#[must_use]
pub fn levels(frequency: u32) -> u32 {
    SAMPLES / frequency
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_have_the_levels_of_pigpio() {
        assert_eq!(
            FREQUENCIES.map(levels),
            [
                25, 50, 100, 125, 200, 250, 400, 500, 625, 800, 1000, 1250, 2000, 2500, 4000, 5000, 10_000,
                20_000
            ]
        );
        for (asked, chosen) in [(0, 10), (30, 40), (449, 400), (450, 500), (900, 1000), (u32::MAX, 8000)] {
            assert_eq!(nearest_frequency(asked), chosen, "{asked} Hz");
        }
    }
}
