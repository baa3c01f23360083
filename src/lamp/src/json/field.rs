// SPDX-License-Identifier: GPL-3.0-or-later
//! Reading single fields of a payload: each value is taken whole or refused with a sentence.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use super::InvalidPayload;

/// Longest payload in bytes. No message of the contract comes near it, so what is longer is not looked into.
const LONGEST: usize = 64 << 10;

/// The JSON object in `payload`, read into `T`.
pub(crate) fn object<T: DeserializeOwned>(payload: &[u8]) -> Result<T, InvalidPayload> {
    if payload.len() > LONGEST {
        return Err(InvalidPayload::new(format!(
            "the payload is {} bytes long, allowed are up to {LONGEST}",
            payload.len()
        )));
    }
    // All of it, also the fields that nobody reads, into which serde_json does not look.
    let text = std::str::from_utf8(payload)
        .map_err(|error| InvalidPayload::new(format!("the payload is not UTF-8: {error}")))?;
    // serde would also accept an array of the fields in order; the contract knows only objects.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(InvalidPayload::new("the payload is not a JSON object"));
    }
    parse(text)
}

/// The JSON `text` of a payload or a field; one in which a field of `T` is given twice is refused by serde's derive.
pub(crate) fn parse<'text, T: Deserialize<'text>>(text: &'text str) -> Result<T, InvalidPayload> {
    serde_json::from_str(text)
        .map_err(|error| InvalidPayload::new(format!("the payload is not a valid message: {error}")))
}

/// Tells a field that is `null` (a wrong value) from one that is absent (nothing to change).
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A number from 0 to 1. `true` and `false` count as 1 and 0, as they always have on this topic.
pub(crate) fn unit(name: &str, value: &Value) -> Result<f64, InvalidPayload> {
    let number = match value {
        Value::Bool(bool) => Some(f64::from(u8::from(*bool))),
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    number.filter(|number| (0.0..=1.0).contains(number)).ok_or_else(|| {
        InvalidPayload::new(format!("{name} is {}, allowed are numbers from 0.0 to 1.0", shown(value)))
    })
}

/// `true` or `false`. The numbers 1 and 0 count as such, as they always have on this topic.
pub(crate) fn boolean(name: &str, value: &Value) -> Result<bool, InvalidPayload> {
    match (value, value.as_f64()) {
        (Value::Bool(bool), _) => Ok(*bool),
        (_, Some(1.0)) => Ok(true),
        (_, Some(0.0)) => Ok(false),
        _ => Err(InvalidPayload::new(format!("{name} is {}, allowed are true and false", shown(value)))),
    }
}

/// A text.
pub(crate) fn text(name: &str, value: Option<Value>) -> Result<String, InvalidPayload> {
    match value {
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(InvalidPayload::new(format!("{name} is {}, it must be a string", shown(&other)))),
        None => Err(InvalidPayload::new(format!("{name} is missing, it must be a string"))),
    }
}

/// A value as it is shown in a log line: short, whatever its sender put there.
pub(crate) fn shown(value: &Value) -> String {
    const LONGEST: usize = 40;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
