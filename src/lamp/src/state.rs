// SPDX-License-Identifier: GPL-3.0-or-later
//! What the lamp shows, and its form on the wire: the payload of `lamp/changed`.

use serde::Deserialize;
use serde_json::Value;

use crate::color::hsv_to_rgb;
use crate::field::{self, Refusal};
use crate::set_config::SetConfig;

/// Duty cycle that leaves a LED fully on: the PWM range that the lamp gives its pins.
pub const PWM_RANGE: u32 = 1000;

/// Hue and saturation, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Color {
    /// Position on the colour circle; 0 and 1 are both red.
    pub hue: f64,
    /// 0 is white, 1 the pure colour.
    pub saturation: f64,
}

/// The whole state of the lamp.
#[derive(Debug, Clone, PartialEq)]
pub struct LampState {
    /// Colour of the light, kept while the lamp is off.
    pub color: Color,
    /// Brightness, 0 to 1, kept while the lamp is off.
    pub brightness: f64,
    /// Lit or dark.
    pub on: bool,
    /// The MQTT client that asked for the last change, `""` before the first.
    pub client: String,
}

impl Default for LampState {
    /// A lamp that was never told anything shines in full red.
    fn default() -> Self {
        Self { color: Color { hue: 1.0, saturation: 1.0 }, brightness: 1.0, on: true, client: String::new() }
    }
}

impl Color {
    /// Reads `{"h": 0.5, "s": 1.0}`.
    pub(crate) fn from_json(text: &str) -> Result<Self, Refusal> {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(default, deserialize_with = "field::present")]
            h: Option<Value>,
            #[serde(default, deserialize_with = "field::present")]
            s: Option<Value>,
        }
        // As in a payload, an array of both would be accepted too.
        if !text.starts_with('{') {
            let other: Value = field::parse(text)?;
            return Err(Refusal::new(format!(
                "color is {}, it must be an object with h and s",
                field::shown(&other)
            )));
        }
        let Raw { h, s } = field::parse(text)?;
        let part = |name: &str, value: Option<Value>| match value {
            Some(value) => field::unit(&format!("color.{name}"), &value),
            None => Err(Refusal::new(format!("color.{name} is missing, color needs both h and s"))),
        };
        Ok(Self { hue: part("h", h)?, saturation: part("s", s)? })
    }

    pub(crate) fn rounded(self) -> Self {
        Self { hue: rounded(self.hue), saturation: rounded(self.saturation) }
    }
}

impl LampState {
    /// Duty cycles of the red, green and blue LED, 0 to [`PWM_RANGE`].
    ///
    /// Brightness scales the channels after the conversion, and the product is cut, not rounded: existing clients
    /// and tests know these values.
    #[must_use]
    pub fn duty_cycles(&self) -> [u32; 3] {
        if !self.on {
            return [0; 3];
        }
        hsv_to_rgb(self.color.hue, self.color.saturation, 1.0)
            .map(|channel| (channel * f64::from(PWM_RANGE) * self.brightness) as u32)
    }

    /// The payload of `lamp/changed`, which is a complete `lamp/set_config` too, with numbers of two decimals:
    /// `{"color": {"h": 1.0, "s": 1.0}, "brightness": 1.0, "on": true, "client": ""}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Color { hue, saturation } = self.color.rounded();
        // Debug prints a float with at least one decimal, as Python does. Writing the braces by hand keeps the key
        // order and the separators that clients have always seen.
        format!(
            r#"{{"color": {{"h": {hue:?}, "s": {saturation:?}}}, "brightness": {:?}, "on": {}, "client": {}}}"#,
            rounded(self.brightness),
            self.on,
            Value::from(self.client.as_str()),
        )
    }

    /// Reads a payload of `lamp/changed`, in which every field is present.
    pub fn from_json(payload: &[u8]) -> Result<Self, Refusal> {
        let SetConfig { client, color, brightness, on } = SetConfig::parse(payload)?;
        let missing = |name: &str| Refusal::new(format!("{name} is missing from the lamp's state"));
        Ok(Self {
            color: color.ok_or_else(|| missing("color"))?,
            brightness: brightness.ok_or_else(|| missing("brightness"))?,
            on: on.ok_or_else(|| missing("on"))?,
            client,
        })
    }
}

/// Two decimals, which is all that is kept and told: more would let two sliders chase each other's last digit.
pub(crate) fn rounded(number: f64) -> f64 {
    // Printing rounds the exact binary value, as Python's round() does; scaling by 100 first would not.
    format!("{number:.2}").parse().expect("a printed float is a float")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lit(hue: f64, saturation: f64, brightness: f64) -> LampState {
        LampState { color: Color { hue, saturation }, brightness, on: true, client: String::new() }
    }

    #[test]
    fn duty_cycles_are_those_of_every_lampi() {
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

    #[test]
    fn the_wire_form_is_exact() {
        assert_eq!(
            LampState::default().to_json(),
            r#"{"color": {"h": 1.0, "s": 1.0}, "brightness": 1.0, "on": true, "client": ""}"#
        );
        let state = LampState {
            client: "a \"b\"\n".into(),
            on: false,
            ..lit(0.290_000_000_000_000_04, 0.125, 0.999)
        };
        let json = state.to_json();
        assert_eq!(
            json,
            r#"{"color": {"h": 0.29, "s": 0.12}, "brightness": 1.0, "on": false, "client": "a \"b\"\n"}"#
        );
        let read = LampState::from_json(json.as_bytes()).unwrap();
        assert_eq!(read, LampState { client: "a \"b\"\n".into(), on: false, ..lit(0.29, 0.12, 1.0) });
    }

    #[test]
    fn a_state_is_whole() {
        let error = LampState::from_json(br#"{"client": "a", "on": true}"#).unwrap_err();
        assert_eq!(error.to_string(), "color is missing from the lamp's state");
    }
}
