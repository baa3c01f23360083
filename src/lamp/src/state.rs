// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp's state.

use crate::color::{Color, hsv_to_rgb};

/// The duty cycle of a fully lit LED: the PWM range of the lamp's pins.
pub const PWM_RANGE: u32 = 1000;

/// The complete state of the lamp.
#[derive(Debug, Clone, PartialEq)]
pub struct LampState {
    /// The colour, kept while the lamp is off.
    pub color: Color,
    /// The brightness, 0 to 1, kept while the lamp is off.
    pub brightness: f64,
    /// Whether the lamp is on.
    pub on: bool,
    /// The MQTT client that requested the last change; `""` before the first.
    pub client: String,
}

impl Default for LampState {
    /// The state of a new lamp: full red.
    fn default() -> Self {
        Self { color: Color { hue: 1.0, saturation: 1.0 }, brightness: 1.0, on: true, client: String::new() }
    }
}

impl LampState {
    /// Duty cycles of the red, green and blue LED, 0 to [`PWM_RANGE`].
    ///
    /// Brightness scales the channels after the conversion, and the product is truncated, not rounded:
    /// existing clients and tests depend on these values.
    #[must_use]
    pub fn duty_cycles(&self) -> [u32; 3] {
        if !self.on {
            return [0; 3];
        }
        hsv_to_rgb(self.color.hue, self.color.saturation, 1.0)
            .map(|channel| (channel * f64::from(PWM_RANGE) * self.brightness) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lit(hue: f64, saturation: f64, brightness: f64) -> LampState {
        LampState { color: Color { hue, saturation }, brightness, on: true, client: String::new() }
    }

    #[test]
    fn duty_cycles_match_the_original_lampi() {
        for (state, duty) in [
            (lit(1.0, 1.0, 1.0), [1000, 0, 0]),
            (lit(0.33, 1.0, 1.0), [20, 1000, 0]),
            (lit(0.5, 0.5, 0.5), [250, 500, 500]),
            (lit(0.67, 1.0, 0.25), [5, 0, 250]),
            (lit(0.12, 0.8, 0.57), [570, 442, 113]),
            (lit(0.99, 0.01, 1.0), [1000, 990, 990]),
            (lit(0.29, 0.57, 0.58), [335, 580, 249]),
            (lit(0.4, 0.0, 0.58), [580, 580, 580]),
            (LampState { on: false, ..lit(0.4, 0.2, 1.0) }, [0, 0, 0]),
        ] {
            assert_eq!(state.duty_cycles(), duty, "{state:?}");
        }
    }
}
