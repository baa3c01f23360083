// SPDX-License-Identifier: GPL-3.0-or-later
//! Parses single fields of a payload. Each value is accepted or rejected with a sentence.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use super::InvalidPayload;

/// The maximum length of a payload in bytes. Valid messages are much shorter; longer payloads are not parsed.
const LONGEST: usize = 64 << 10;

/// Parses the JSON object in `payload` into `T`.
pub(crate) fn object<T: DeserializeOwned>(payload: &[u8]) -> Result<T, InvalidPayload> {
    if payload.len() > LONGEST {
        return Err(InvalidPayload::new(format!(
            "the payload is {} bytes long; the maximum is {LONGEST}",
            payload.len()
        )));
    }
    // The whole payload, including ignored fields, which serde_json does not check.
    let text = std::str::from_utf8(payload)
        .map_err(|error| InvalidPayload::new(format!("the payload is not UTF-8: {error}")))?;
    // serde would also accept an array of the fields in order; the contract allows only objects.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(InvalidPayload::new("the payload is not a JSON object"));
    }
    parse(text)
}

/// Parses the JSON `text` of a payload or a field. serde's derive rejects a field of `T` that occurs twice.
pub(crate) fn parse<'text, T: Deserialize<'text>>(text: &'text str) -> Result<T, InvalidPayload> {
    serde_json::from_str(text)
        .map_err(|error| InvalidPayload::new(format!("the payload is not a valid message: {error}")))
}

/// Distinguishes a field that is `null` (an invalid value) from an absent one (nothing to change).
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Parses a number from 0 to 1. `true` and `false` are accepted as 1 and 0, as the original lamp service
/// does.
pub(crate) fn unit(name: &str, value: &Value) -> Result<f64, InvalidPayload> {
    let number = match value {
        Value::Bool(bool) => Some(f64::from(u8::from(*bool))),
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    number.filter(|number| (0.0..=1.0).contains(number)).ok_or_else(|| {
        InvalidPayload::new(format!("{name} is {}; it must be a number from 0.0 to 1.0", shown(value)))
    })
}

/// Parses `true` or `false`. The numbers 1 and 0 are accepted, for existing clients.
pub(crate) fn boolean(name: &str, value: &Value) -> Result<bool, InvalidPayload> {
    match (value, value.as_f64()) {
        (Value::Bool(bool), _) => Ok(*bool),
        (_, Some(1.0)) => Ok(true),
        (_, Some(0.0)) => Ok(false),
        _ => Err(InvalidPayload::new(format!("{name} is {}; it must be true or false", shown(value)))),
    }
}

/// Parses a string.
pub(crate) fn text(name: &str, value: Option<Value>) -> Result<String, InvalidPayload> {
    match value {
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(InvalidPayload::new(format!("{name} is {}; it must be a string", shown(&other)))),
        None => Err(InvalidPayload::new(format!("{name} is missing; it must be a string"))),
    }
}

/// A value for a log line, shortened to a fixed length.
pub(crate) fn shown(value: &Value) -> String {
    const LONGEST: usize = 40;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
