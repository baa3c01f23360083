// SPDX-License-Identifier: GPL-3.0-or-later
//! The JSON payloads of `lamp/set_config`, `lamp/changed` and `lamp/associated`.

mod field;

use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::association::Association;
use crate::color::Color;
use crate::rounding::rounded;
use crate::set_config::SetConfig;
use crate::state::LampState;

/// Why a payload was rejected: one sentence with the field, its value and the allowed values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPayload(String);

impl InvalidPayload {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for InvalidPayload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for InvalidPayload {}

/// The maximum length of `client` in bytes. Every `lamp/changed` repeats it, so a longer one could exceed the
/// 64 KiB limit for payloads and make the lamp's state unreadable.
const LONGEST_CLIENT: usize = 1024;

/// Characters of the code that users enter. The rest is ignored.
const CODE_LENGTH: usize = 6;

/// A request as in the payload. Unknown fields are ignored.
#[derive(Deserialize)]
struct RawRequest {
    #[serde(default, deserialize_with = "field::present")]
    client: Option<Value>,
    /// As text, because a `Value` would silently keep the last of two hues.
    #[serde(default, deserialize_with = "field::present")]
    color: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "field::present")]
    brightness: Option<Value>,
    #[serde(default, deserialize_with = "field::present")]
    on: Option<Value>,
}

/// A colour as in a request.
#[derive(Deserialize)]
struct RawColor {
    #[serde(default, deserialize_with = "field::present")]
    h: Option<Value>,
    #[serde(default, deserialize_with = "field::present")]
    s: Option<Value>,
}

/// An association as in the payload. Unknown fields are ignored.
#[derive(Deserialize)]
struct RawAssociation {
    #[serde(default, deserialize_with = "field::present")]
    associated: Option<Value>,
    #[serde(default, deserialize_with = "field::present")]
    code: Option<Value>,
}

impl SetConfig {
    /// Parses a payload. An invalid value rejects the whole payload.
    pub fn parse(payload: &[u8]) -> Result<Self, InvalidPayload> {
        let raw: RawRequest = field::object(payload)?;
        let client = field::text("client", raw.client)?;
        if client.len() > LONGEST_CLIENT {
            return Err(InvalidPayload::new(format!(
                "client is {} bytes long; the maximum is {LONGEST_CLIENT}",
                client.len()
            )));
        }
        Ok(Self {
            client,
            color: raw.color.map(|color| read_color(color.get())).transpose()?,
            brightness: raw.brightness.as_ref().map(|value| field::unit("brightness", value)).transpose()?,
            on: raw.on.as_ref().map(|value| field::boolean("on", value)).transpose()?,
        })
    }
}

impl SetConfig {
    /// The payload of `lamp/set_config`: only the requested fields, with two decimals, in the order of
    /// [`LampState::to_json`]: `{"brightness": 0.5, "client": "lamp_ui"}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let color = self.color.map(|color| format!(r#""color": {}"#, color_to_json(color)));
        let brightness =
            self.brightness.map(|brightness| format!(r#""brightness": {:?}"#, rounded(brightness)));
        let on = self.on.map(|on| format!(r#""on": {on}"#));
        let client = format!(r#""client": {}"#, Value::from(self.client.as_str()));
        let fields: Vec<String> = [color, brightness, on, Some(client)].into_iter().flatten().collect();
        format!("{{{}}}", fields.join(", "))
    }
}

impl LampState {
    /// The payload of `lamp/changed`, which is also a complete `lamp/set_config`, with two decimals:
    /// `{"color": {"h": 1.0, "s": 1.0}, "brightness": 1.0, "on": true, "client": ""}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        SetConfig::whole(self).to_json()
    }

    /// Parses a payload of `lamp/changed`. All fields must be present.
    pub fn from_json(payload: &[u8]) -> Result<Self, InvalidPayload> {
        let SetConfig { client, color, brightness, on } = SetConfig::parse(payload)?;
        let missing = |name: &str| InvalidPayload::new(format!("{name} is missing from the lamp's state"));
        Ok(Self {
            color: color.ok_or_else(|| missing("color"))?,
            brightness: brightness.ok_or_else(|| missing("brightness"))?,
            on: on.ok_or_else(|| missing("on"))?,
            client,
        })
    }
}

impl Association {
    /// Parses `{"associated": true}` or `{"associated": false, "code": "0123456789abcdef0123456789abcdef"}`.
    pub fn from_json(payload: &[u8]) -> Result<Self, InvalidPayload> {
        let raw: RawAssociation = field::object(payload)?;
        let associated = raw
            .associated
            .ok_or_else(|| InvalidPayload::new("associated is missing; it must be true or false"))?;
        if field::boolean("associated", &associated)? {
            return Ok(Self::Associated);
        }
        let code: String = field::text("code", raw.code)?.chars().take(CODE_LENGTH).collect();
        if code.is_empty() || !code.chars().all(|letter| letter.is_ascii_graphic()) {
            return Err(InvalidPayload::new(format!(
                "code begins with {}; it must begin with up to {CODE_LENGTH} letters or digits",
                Value::from(code)
            )));
        }
        Ok(Self::Unassociated(code))
    }
}

/// Writes `{"h": 0.5, "s": 1.0}`.
fn color_to_json(color: Color) -> String {
    // Debug prints a float with at least one decimal, as Python does. The braces are written here to keep the
    // order of keys and the separators for existing clients.
    let Color { hue, saturation } = color.rounded();
    format!(r#"{{"h": {hue:?}, "s": {saturation:?}}}"#)
}

/// Parses `{"h": 0.5, "s": 1.0}`.
fn read_color(text: &str) -> Result<Color, InvalidPayload> {
    // serde would also accept an array of both numbers.
    if !text.starts_with('{') {
        let other: Value = field::parse(text)?;
        return Err(InvalidPayload::new(format!(
            "color is {}; it must be an object with h and s",
            field::shown(&other)
        )));
    }
    let RawColor { h, s } = field::parse(text)?;
    let part = |name: &str, value: Option<Value>| match value {
        Some(value) => field::unit(&format!("color.{name}"), &value),
        None => Err(InvalidPayload::new(format!("color.{name} is missing; a color needs both h and s"))),
    };
    Ok(Color { hue: part("h", h)?, saturation: part("s", s)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(payload: &str) -> String {
        SetConfig::parse(payload.as_bytes()).expect_err(payload).to_string()
    }

    #[test]
    fn partial_requests_keep_the_other_fields() {
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
    fn accepts_numbers_as_booleans_and_booleans_as_numbers() {
        let request = SetConfig::parse(br#"{"client": "", "brightness": true, "on": 0}"#).unwrap();
        assert_eq!((request.brightness, request.on), (Some(1.0), Some(false)));
    }

    #[test]
    fn one_wrong_value_rejects_the_whole_payload() {
        for (payload, reason) in [
            (r#"{"on": true}"#, "client is missing; it must be a string"),
            (r#"{"client": 7}"#, "client is 7; it must be a string"),
            (
                r#"{"client": "a", "on": true, "brightness": 1.1}"#,
                "brightness is 1.1; it must be a number from 0.0 to 1.0",
            ),
            (
                r#"{"client": "a", "brightness": null}"#,
                "brightness is null; it must be a number from 0.0 to 1.0",
            ),
            (
                r#"{"client": "a", "brightness": "1"}"#,
                "brightness is \"1\"; it must be a number from 0.0 to 1.0",
            ),
            (
                r#"{"client": "a", "color": {"h": -0.1, "s": 1}}"#,
                "color.h is -0.1; it must be a number from 0.0 to 1.0",
            ),
            (r#"{"client": "a", "color": {"h": 1}}"#, "color.s is missing; a color needs both h and s"),
            (r#"{"client": "a", "color": [1, 1]}"#, "color is [1,1]; it must be an object with h and s"),
            (r#"{"client": "a", "on": 2}"#, "on is 2; it must be true or false"),
            (r#"["client", "a"]"#, "the payload is not a JSON object"),
            ("", "the payload is not a JSON object"),
        ] {
            assert_eq!(error_of(payload), reason, "{payload}");
        }
    }

    #[test]
    fn rejects_what_is_not_a_message() {
        for payload in [
            r#"{"client": NaN}"#,
            r#"{"client": "a", "on": true, "on": false}"#,
            r#"{"client": "a", "color": {"h": 0.5, "s": 1, "h": 0.1}}"#,
            r#"{"client": "a""#,
            "{\"client\": \"\u{1}\"}",
        ] {
            assert!(error_of(payload).starts_with("the payload is not a valid message: "), "{payload}");
        }
        for payload in [&b"{\"client\": \"\xff\"}"[..], b"{\"client\": \"a\", \"unknown\": \"\xff\"}"] {
            let error = SetConfig::parse(payload).unwrap_err().to_string();
            assert!(error.starts_with("the payload is not UTF-8: "), "{error}");
        }
        for field in ["on", "color"] {
            let deep =
                format!(r#"{{"client": "a", "{field}": {}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
            assert!(error_of(&deep).contains("recursion"), "{field}");
        }
        // The content does not matter.
        let long = format!(r#"{{"client": "a", "unknown": "{}"}}"#, "x".repeat(1 << 20));
        assert_eq!(error_of(&long), "the payload is 1048606 bytes long; the maximum is 65536");
        let named = |length| format!(r#"{{"client": "{}"}}"#, "x".repeat(length));
        assert_eq!(error_of(&named(1025)), "client is 1025 bytes long; the maximum is 1024");
        assert!(SetConfig::parse(named(1024).as_bytes()).is_ok());
    }

    fn lit(hue: f64, saturation: f64, brightness: f64) -> LampState {
        LampState { color: Color { hue, saturation }, brightness, on: true, client: String::new() }
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
    fn a_request_contains_only_the_requested_fields() {
        let nothing = SetConfig { client: "a".into(), ..SetConfig::default() };
        assert!(nothing.is_empty());
        for (request, json) in [
            (nothing.clone(), r#"{"client": "a"}"#),
            (SetConfig { on: Some(false), ..nothing.clone() }, r#"{"on": false, "client": "a"}"#),
            (
                SetConfig { brightness: Some(0.295), ..nothing.clone() },
                r#"{"brightness": 0.29, "client": "a"}"#,
            ),
            (
                SetConfig { color: Some(Color { hue: 0.125, saturation: 1.0 }), ..nothing.clone() },
                r#"{"color": {"h": 0.12, "s": 1.0}, "client": "a"}"#,
            ),
        ] {
            assert_eq!(request.to_json(), json);
        }
    }

    #[test]
    fn a_request_is_met_by_its_own_result() {
        let brightness = SetConfig { client: "a".into(), brightness: Some(0.295), ..SetConfig::default() };
        let mut state = lit(0.7, 0.1, 0.3);
        assert!(!brightness.is_met_by(&state));
        brightness.clone().apply_to(&mut state);
        assert!(brightness.is_met_by(&state));
        assert!(brightness.is_met_by(&LampState { on: false, ..state.clone() }));
        assert!(!brightness.is_met_by(&LampState { client: "b".into(), ..state }), "another client's");
    }

    #[test]
    fn a_newer_request_extends_an_older_one() {
        let mut all = SetConfig { client: "a".into(), brightness: Some(0.5), on: Some(true), color: None };
        all.extend(&SetConfig { client: "a".into(), on: Some(false), ..SetConfig::default() });
        assert_eq!(all.to_json(), r#"{"brightness": 0.5, "on": false, "client": "a"}"#);
    }

    #[test]
    fn minus_zero_is_zero() {
        let request = SetConfig::parse(
            br#"{"client": "a", "color": {"h": -0.0, "s": -0.0}, "brightness": -0.0, "on": -0.0}"#,
        );
        let mut state = LampState::default();
        request.unwrap().apply_to(&mut state);
        assert_eq!(
            state.to_json(),
            r#"{"color": {"h": 0.0, "s": 0.0}, "brightness": 0.0, "on": false, "client": "a"}"#
        );
        for tiny in [-0.0, -0.001] {
            assert!(
                SetConfig { brightness: Some(tiny), ..SetConfig::default() }.to_json().contains(": 0.0,")
            );
        }
    }

    #[test]
    fn a_state_must_be_complete() {
        let error = LampState::from_json(br#"{"client": "a", "on": true}"#).unwrap_err();
        assert_eq!(error.to_string(), "color is missing from the lamp's state");
    }

    #[test]
    fn codes_are_cut_to_six_characters() {
        let read = |payload: &str| Association::from_json(payload.as_bytes());
        assert_eq!(read(r#"{"associated": true, "code": 7}"#), Ok(Association::Associated));
        for (code, shown) in [("3f9a2c41d0", "3f9a2c"), ("3f", "3f")] {
            let payload = format!(r#"{{"associated": false, "code": "{code}"}}"#);
            assert_eq!(read(&payload), Ok(Association::Unassociated(shown.into())));
        }
    }

    #[test]
    fn rejects_what_is_not_an_association() {
        for (payload, reason) in [
            ("[]", "the payload is not a JSON object"),
            ("{}", "associated is missing; it must be true or false"),
            (r#"{"associated": "no"}"#, "associated is \"no\"; it must be true or false"),
            (r#"{"associated": false}"#, "code is missing; it must be a string"),
            (
                r#"{"associated": false, "code": ""}"#,
                "code begins with \"\"; it must begin with up to 6 letters or digits",
            ),
            (
                r#"{"associated": false, "code": "ab\ncdef"}"#,
                "code begins with \"ab\\ncde\"; it must begin with up to 6 letters or digits",
            ),
        ] {
            assert_eq!(
                Association::from_json(payload.as_bytes()).unwrap_err().to_string(),
                reason,
                "{payload}"
            );
        }
    }
}
