// SPDX-License-Identifier: GPL-3.0-or-later
//! Home Assistant: its topics, and the retained message that makes it discover the lamp.
//!
//! The payloads follow Home Assistant's MQTT light with the JSON schema: hue 0 to 360, saturation 0 to 100,
//! brightness 1 to 255. One command changes everything in one message, with its own transition. The lamp's
//! own topics have two decimals and cannot represent these numbers exactly. So the requested numbers are
//! stored beside the lamp's state, and published again as long as the state is their result.

use std::time::Duration;

use lamp::color::Color;
use lamp::set_config::SetConfig;
use lamp::state::LampState;
use lamp::topic;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::NAME;

/// The topic of Home Assistant's commands.
pub(crate) const SET: &str = "lamp/home_assistant/set";

/// The topic of the lamp's state for Home Assistant, retained.
pub(crate) const STATE: &str = "lamp/home_assistant/state";

/// The client of its changes on `lamp/changed`.
const CLIENT: &str = "home_assistant";

/// Brightness of a light that is fully on.
const BRIGHTEST: f64 = 255.0;

/// The smallest brightness with two decimals.
const DIMMEST: f64 = 0.01;

/// The maximum transition of a command in seconds, as in Home Assistant.
const LONGEST_TRANSITION: f64 = 6553.0;

/// The lamp's description for Home Assistant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Discovery {
    prefix: String,
    device: String,
}

impl Discovery {
    /// Creates the description for Home Assistant's discovery prefix and the lamp's ID.
    pub(crate) fn new(prefix: &str, device: &str) -> Self {
        Self { prefix: prefix.into(), device: device.into() }
    }

    /// The topic of the description.
    pub(crate) fn config_topic(&self) -> String {
        config_topic(&self.prefix, &self.device)
    }

    /// Where Home Assistant publishes that it has started.
    pub(crate) fn birth_topic(&self) -> String {
        format!("{}/status", self.prefix)
    }

    /// The payload of the description.
    pub(crate) fn config(&self) -> String {
        let id = format!("lampi_{}", self.device);
        json!({
            "schema": "json",
            "name": null,
            "unique_id": id,
            "device": {
                "identifiers": [id],
                "name": format!("LAMPI {}", self.device),
                "model": "LAMPI",
                "sw_version": env!("CARGO_PKG_VERSION"),
            },
            "availability_topic": topic::connection_state(NAME),
            "payload_available": "1",
            "payload_not_available": "0",
            "qos": 1,
            "retain": false,
            "command_topic": SET,
            "state_topic": STATE,
            "brightness": true,
            "supported_color_modes": ["hs"],
            // Not supported by the lamp.
            "flash": false,
            "effect": false,
        })
        .to_string()
    }
}

/// The topic of a lamp's description.
pub(crate) fn config_topic(prefix: &str, device: &str) -> String {
    format!("{prefix}/light/lampi_{device}/config")
}

/// The numbers that Home Assistant requested last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exact {
    /// Hue and saturation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    color: Option<(f64, f64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    brightness: Option<u8>,
}

impl Exact {
    /// The payload of [`STATE`].
    pub(crate) fn state(self, state: &LampState) -> String {
        let is_of =
            |request: SetConfig| SetConfig { client: state.client.clone(), ..request }.is_met_by(state);
        let (hue, saturation) = self
            .color
            .filter(|color| is_of(SetConfig { color: Some(lamp_color(*color)), ..SetConfig::default() }))
            .unwrap_or_else(|| {
                // Hundredths as whole numbers, without the errors of binary fractions.
                let rounded = |number: f64| (number * 100.0).round() / 100.0;
                (rounded(state.color.hue * 360.0), rounded(state.color.saturation * 100.0))
            });
        let brightness = self
            .brightness
            .filter(|brightness| {
                is_of(SetConfig { brightness: Some(lamp_brightness(*brightness)), ..SetConfig::default() })
            })
            .unwrap_or((state.brightness * BRIGHTEST).round() as u8);
        // For Home Assistant, a light that is on has a brightness.
        let is_lit = state.on && brightness > 0;
        let mut payload = json!({
            "state": if is_lit { "ON" } else { "OFF" },
            "color_mode": "hs",
            "color": {"h": hue, "s": saturation},
        });
        if brightness > 0 {
            payload["brightness"] = brightness.into();
        }
        payload.to_string()
    }

    /// Whether there is nothing to store.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A change that Home Assistant requests.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    on: bool,
    exact: Exact,
    /// The duration of the transition, if not the configured one.
    pub transition: Option<Duration>,
}

/// A command as in the payload. Fields that the description does not offer are ignored.
#[derive(Deserialize)]
struct RawCall {
    state: Value,
    brightness: Option<Value>,
    color: Option<RawColor>,
    transition: Option<Value>,
}

#[derive(Deserialize)]
struct RawColor {
    h: Value,
    s: Value,
}

impl Call {
    /// Parses a payload of [`SET`]. An invalid value rejects the whole payload.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, String> {
        let raw: RawCall = serde_json::from_slice(payload)
            .map_err(|error| format!("the payload is not a Home Assistant command: {error}"))?;
        let on = match raw.state.as_str() {
            Some("ON") => true,
            Some("OFF") => false,
            _ => return Err(format!("state is {}; it must be ON or OFF", raw.state)),
        };
        let color = match raw.color {
            Some(RawColor { h, s }) => {
                Some((number("color.h", &h, 0.0, 360.0)?, number("color.s", &s, 0.0, 100.0)?))
            }
            None => None,
        };
        let brightness = match raw.brightness {
            Some(value) => Some(number("brightness", &value, 1.0, BRIGHTEST)?.round() as u8),
            None => None,
        };
        let transition = match raw.transition {
            Some(value) => {
                Some(Duration::from_secs_f64(number("transition", &value, 0.0, LONGEST_TRANSITION)?))
            }
            None => None,
        };
        Ok(Self { on, exact: Exact { color, brightness }, transition })
    }

    /// Applies the change to the lamp's state and to the requested numbers.
    pub(crate) fn apply_to(self, state: &mut LampState, exact: &mut Exact) {
        let Exact { color, brightness } = self.exact;
        exact.color = color.or(exact.color);
        exact.brightness = brightness.or(exact.brightness);
        // Switching on a lamp that was dimmed to nothing gives light.
        let is_dark = self.on && state.brightness < DIMMEST;
        let request = SetConfig {
            client: CLIENT.into(),
            color: color.map(lamp_color),
            brightness: brightness.map(lamp_brightness).or(is_dark.then_some(1.0)),
            on: Some(self.on),
        };
        request.apply_to(state);
    }
}

fn number(name: &str, value: &Value, least: f64, most: f64) -> Result<f64, String> {
    value
        .as_f64()
        .filter(|number| (least..=most).contains(number))
        // Never minus zero.
        .map(|number| number + 0.0)
        .ok_or_else(|| format!("{name} is {value}; it must be a number from {least} to {most}"))
}

/// Converts Home Assistant's colour to the lamp's.
fn lamp_color((hue, saturation): (f64, f64)) -> Color {
    Color { hue: hue / 360.0, saturation: saturation / 100.0 }
}

/// Converts Home Assistant's brightness to the lamp's. A light that is on stays on.
fn lamp_brightness(brightness: u8) -> f64 {
    (f64::from(brightness) / BRIGHTEST).max(DIMMEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(payload: &str, state: &mut LampState, exact: &mut Exact) -> Value {
        Call::parse(payload.as_bytes()).unwrap().apply_to(state, exact);
        serde_json::from_str(&exact.state(state)).unwrap()
    }

    #[test]
    fn reports_the_requested_numbers() {
        let (mut state, mut exact) = (LampState::default(), Exact::default());
        for brightness in 1..=255 {
            let payload = format!(r#"{{"state": "ON", "brightness": {brightness}}}"#);
            let reported = call(&payload, &mut state, &mut exact);
            assert_eq!(
                (reported["state"].as_str(), reported["brightness"].as_u64()),
                (Some("ON"), Some(brightness))
            );
            assert!(state.brightness >= DIMMEST);
        }
        for tenths in 0..=3600_u32 {
            let (hue, saturation) = (f64::from(tenths) / 10.0, f64::from(tenths % 1001) / 10.0);
            let payload = format!(r#"{{"state": "ON", "color": {{"h": {hue}, "s": {saturation}}}}}"#);
            let reported = call(&payload, &mut state, &mut exact);
            assert_eq!(reported["color"], json!({"h": hue, "s": saturation}));
            assert_eq!(reported["brightness"], 255);
        }
    }

    #[test]
    fn changes_by_others_replace_them() {
        let (mut state, mut exact) = (LampState::default(), Exact::default());
        call(r#"{"state": "ON", "color": {"h": 120, "s": 50.5}, "brightness": 3}"#, &mut state, &mut exact);
        assert_eq!(
            state.to_json(),
            r#"{"color": {"h": 0.33, "s": 0.51}, "brightness": 0.01, "on": true, "client": "home_assistant"}"#
        );
        let reported = |state: &LampState| -> Value { serde_json::from_str(&exact.state(state)).unwrap() };
        // Also with another client, and off.
        let dark = LampState { on: false, client: "web".into(), ..state.clone() };
        assert_eq!(
            reported(&dark),
            json!({"state": "OFF", "color_mode": "hs", "color": {"h": 120.0, "s": 50.5}, "brightness": 3})
        );
        let other = LampState { color: Color { hue: 0.29, saturation: 0.57 }, ..state.clone() };
        assert_eq!(reported(&other)["color"], json!({"h": 104.4, "s": 57.0}));
        assert_eq!(reported(&LampState { brightness: 0.5, ..state })["brightness"], 128);
    }

    #[test]
    fn a_light_with_brightness_0_is_off_and_can_be_switched_on() {
        let (mut state, mut exact) =
            (LampState { brightness: 0.0, ..LampState::default() }, Exact::default());
        let reported: Value = serde_json::from_str(&exact.state(&state)).unwrap();
        assert_eq!((reported["state"].as_str(), reported.get("brightness")), (Some("OFF"), None));
        let reported = call(r#"{"state": "ON"}"#, &mut state, &mut exact);
        assert_eq!((reported["state"].as_str(), reported["brightness"].as_u64()), (Some("ON"), Some(255)));
    }

    #[test]
    fn one_wrong_value_rejects_the_whole_command() {
        for (payload, reason) in [
            ("ON", "the payload is not a Home Assistant command: "),
            (r#"{"brightness": 3}"#, "the payload is not a Home Assistant command: missing field `state`"),
            (r#"{"state": true}"#, "state is true; it must be ON or OFF"),
            (r#"{"state": "ON", "brightness": 0}"#, "brightness is 0; it must be a number from 1 to 255"),
            (r#"{"state": "ON", "brightness": 256}"#, "brightness is 256; it must be a number from 1 to 255"),
            (
                r#"{"state": "ON", "color": {"h": 361, "s": 0}}"#,
                "color.h is 361; it must be a number from 0 to 360",
            ),
            (
                r#"{"state": "ON", "color": {"h": 1}}"#,
                "the payload is not a Home Assistant command: missing field `s`",
            ),
            (r#"{"state": "OFF", "transition": -1}"#, "transition is -1; it must be a number from 0 to 6553"),
            (
                r#"{"state": "OFF", "transition": 1e300}"#,
                "transition is 1e+300; it must be a number from 0 to 6553",
            ),
        ] {
            let error = Call::parse(payload.as_bytes()).unwrap_err();
            assert!(error.starts_with(reason), "{payload}: {error}");
        }
        let call = Call::parse(br#"{"state": "OFF", "transition": 2.5, "flash": 10}"#).unwrap();
        assert_eq!(call.transition, Some(Duration::from_millis(2500)));
    }
}
