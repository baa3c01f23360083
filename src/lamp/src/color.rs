// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp's colour and its conversion: textbook HSV without gamma or colour balance.

use crate::rounding::rounded;

/// Hue and saturation, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Color {
    /// Position on the colour circle; 0 and 1 are both red.
    pub hue: f64,
    /// 0 is white, 1 the pure colour.
    pub saturation: f64,
}

impl Color {
    pub(crate) fn rounded(self) -> Self {
        Self { hue: rounded(self.hue), saturation: rounded(self.saturation) }
    }
}

/// Converts hue, saturation and value, each 0 to 1, to red, green and blue, each 0 to 1.
///
/// This is the sextant rule (A. R. Smith, "Color Gamut Transform Pairs", 1978), evaluated in the order of
/// Python's `colorsys`, so that duty cycles are equal to the last bit. A hue of 1 equals a hue of 0: red.
#[must_use]
pub fn hsv_to_rgb(hue: f64, saturation: f64, value: f64) -> [f64; 3] {
    if saturation == 0.0 {
        return [value; 3];
    }
    let sextant = (hue * 6.0).trunc();
    let fraction = hue * 6.0 - sextant;
    let low = value * (1.0 - saturation);
    let falling = value * (1.0 - saturation * fraction);
    let rising = value * (1.0 - saturation * (1.0 - fraction));
    match sextant as i64 % 6 {
        0 => [value, rising, low],
        1 => [falling, value, low],
        2 => [low, value, rising],
        3 => [low, falling, value],
        4 => [rising, low, value],
        _ => [value, low, falling],
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the documented result is equal to the last bit")]
mod tests {
    use super::hsv_to_rgb;

    #[test]
    fn primaries_and_greys() {
        for (hue, rgb) in [(0.0, [1.0, 0.0, 0.0]), (1.0, [1.0, 0.0, 0.0]), (0.5, [0.0, 1.0, 1.0])] {
            assert_eq!(hsv_to_rgb(hue, 1.0, 1.0), rgb, "hue {hue}");
        }
        assert_eq!(hsv_to_rgb(0.3, 0.0, 0.4), [0.4; 3]);
    }
}
