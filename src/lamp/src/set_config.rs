// SPDX-License-Identifier: GPL-3.0-or-later
//! Requests for a change, the payload of `lamp/set_config`.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::field::{self, Refusal};
use crate::state::{Color, LampState};

/// Longest `client` in bytes. It is echoed in every `lamp/changed`, so one that does not fit into a message that the
/// session may send would keep the lamp from ever telling its state again.
const LONGEST_CLIENT: usize = 1024;

/// A request that was checked as a whole: what is absent stays as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct SetConfig {
    /// Who asks. Echoed in `lamp/changed`, so that the asker knows its own change.
    pub client: String,
    /// The new colour.
    pub color: Option<Color>,
    /// The new brightness, 0 to 1.
    pub brightness: Option<f64>,
    /// Lit or dark.
    pub on: Option<bool>,
}

/// The object as it stands in the payload. Unknown fields are ignored.
#[derive(Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "field::present")]
    client: Option<Value>,
    /// As text, for a `Value` would keep the last of two hues and say nothing.
    #[serde(default, deserialize_with = "field::present")]
    color: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "field::present")]
    brightness: Option<Value>,
    #[serde(default, deserialize_with = "field::present")]
    on: Option<Value>,
}

impl SetConfig {
    /// Reads a payload whole, or refuses it whole: with any invalid value nothing of it may be applied.
    pub fn parse(payload: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = field::object(payload)?;
        let client = field::text("client", raw.client)?;
        if client.len() > LONGEST_CLIENT {
            return Err(Refusal::new(format!(
                "client is {} bytes long, allowed are up to {LONGEST_CLIENT}",
                client.len()
            )));
        }
        Ok(Self {
            client,
            color: raw.color.map(|color| Color::from_json(color.get())).transpose()?,
            brightness: raw.brightness.as_ref().map(|value| field::unit("brightness", value)).transpose()?,
            on: raw.on.as_ref().map(|value| field::boolean("on", value)).transpose()?,
        })
    }

    /// Makes the change.
    pub fn apply_to(self, state: &mut LampState) {
        state.client = self.client;
        if let Some(color) = self.color {
            state.color = color.rounded();
        }
        if let Some(brightness) = self.brightness {
            state.brightness = crate::state::rounded(brightness);
        }
        if let Some(on) = self.on {
            state.on = on;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(payload: &str) -> String {
        SetConfig::parse(payload.as_bytes()).expect_err(payload).to_string()
    }

    #[test]
    fn partial_requests_leave_the_rest_alone() {
        let mut state = LampState { brightness: 0.5, on: false, ..LampState::default() };
        let request = r#"{"client": "x", "color": {"h": 0.29000000000000004, "s": 1}, "extra": [1]}"#;
        SetConfig::parse(request.as_bytes()).unwrap().apply_to(&mut state);
        assert_eq!(
            state,
            LampState {
                color: Color { hue: 0.29, saturation: 1.0 },
                brightness: 0.5,
                on: false,
                client: "x".into()
            }
        );
    }

    #[test]
    fn numbers_and_booleans_stand_for_each_other() {
        let request = SetConfig::parse(br#"{"client": "", "brightness": true, "on": 0}"#).unwrap();
        assert_eq!((request.brightness, request.on), (Some(1.0), Some(false)));
    }

    #[test]
    fn one_wrong_value_refuses_the_whole() {
        for (payload, reason) in [
            (r#"{"on": true}"#, "client is missing, it must be a string"),
            (r#"{"client": 7}"#, "client is 7, it must be a string"),
            (
                r#"{"client": "a", "on": true, "brightness": 1.1}"#,
                "brightness is 1.1, allowed are numbers from 0.0 to 1.0",
            ),
            (
                r#"{"client": "a", "brightness": null}"#,
                "brightness is null, allowed are numbers from 0.0 to 1.0",
            ),
            (
                r#"{"client": "a", "brightness": "1"}"#,
                "brightness is \"1\", allowed are numbers from 0.0 to 1.0",
            ),
            (
                r#"{"client": "a", "color": {"h": -0.1, "s": 1}}"#,
                "color.h is -0.1, allowed are numbers from 0.0 to 1.0",
            ),
            (r#"{"client": "a", "color": {"h": 1}}"#, "color.s is missing, color needs both h and s"),
            (r#"{"client": "a", "color": [1, 1]}"#, "color is [1,1], it must be an object with h and s"),
            (r#"{"client": "a", "on": 2}"#, "on is 2, allowed are true and false"),
            (r#"["client", "a"]"#, "the payload is not a JSON object"),
            ("", "the payload is not a JSON object"),
        ] {
            assert_eq!(refusal(payload), reason, "{payload}");
        }
    }

    #[test]
    fn what_is_not_a_message_is_refused() {
        for payload in [
            r#"{"client": NaN}"#,
            r#"{"client": "a", "on": true, "on": false}"#,
            r#"{"client": "a", "color": {"h": 0.5, "s": 1, "h": 0.1}}"#,
            r#"{"client": "a""#,
            "{\"client\": \"\u{1}\"}",
        ] {
            assert!(refusal(payload).starts_with("the payload is not a valid message: "), "{payload}");
        }
        for payload in [&b"{\"client\": \"\xff\"}"[..], b"{\"client\": \"a\", \"unknown\": \"\xff\"}"] {
            let refusal = SetConfig::parse(payload).unwrap_err().to_string();
            assert!(refusal.starts_with("the payload is not UTF-8: "), "{refusal}");
        }
        for field in ["on", "color"] {
            let deep =
                format!(r#"{{"client": "a", "{field}": {}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
            assert!(refusal(&deep).contains("recursion"), "{field}");
        }
        // Whatever is in it.
        let long = format!(r#"{{"client": "a", "unknown": "{}"}}"#, "x".repeat(1 << 20));
        assert_eq!(refusal(&long), "the payload is 1048606 bytes long, allowed are up to 65536");
        let named = |length| format!(r#"{{"client": "{}"}}"#, "x".repeat(length));
        assert_eq!(refusal(&named(1025)), "client is 1025 bytes long, allowed are up to 1024");
        assert!(SetConfig::parse(named(1024).as_bytes()).is_ok());
    }
}
