// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether the lamp belongs to somebody's account, the payload of `lamp/associated`.

use serde::Deserialize;
use serde_json::Value;

use crate::field::{self, Refusal};

/// Letters of the code that people are asked to enter; what follows them is not looked at.
const SHOWN: usize = 6;

/// What the cloud says of the lamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Association {
    /// It belongs to an account.
    Associated,
    /// It belongs to nobody, and who enters this code gets it. Up to six characters, all of them visible ASCII.
    Unassociated(String),
}

/// The object as it stands in the payload. Unknown fields are ignored.
#[derive(Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "field::present")]
    associated: Option<Value>,
    #[serde(default, deserialize_with = "field::present")]
    code: Option<Value>,
}

impl Association {
    /// Reads `{"associated": true}` or `{"associated": false, "code": "0123456789abcdef0123456789abcdef"}`.
    pub fn from_json(payload: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = field::object(payload)?;
        let associated = raw
            .associated
            .ok_or_else(|| Refusal::new("associated is missing, allowed are true and false"))?;
        if field::boolean("associated", &associated)? {
            return Ok(Self::Associated);
        }
        let code: String = field::text("code", raw.code)?.chars().take(SHOWN).collect();
        if code.is_empty() || !code.chars().all(|letter| letter.is_ascii_graphic()) {
            return Err(Refusal::new(format!(
                "code begins with {}, it must begin with up to {SHOWN} letters or digits",
                Value::from(code)
            )));
        }
        Ok(Self::Unassociated(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_cut_to_what_people_enter() {
        let read = |payload: &str| Association::from_json(payload.as_bytes());
        assert_eq!(read(r#"{"associated": true, "code": 7}"#), Ok(Association::Associated));
        for (code, shown) in [("3f9a2c41d0", "3f9a2c"), ("3f", "3f")] {
            let payload = format!(r#"{{"associated": false, "code": "{code}"}}"#);
            assert_eq!(read(&payload), Ok(Association::Unassociated(shown.into())));
        }
    }

    #[test]
    fn what_is_no_association_is_refused() {
        for (payload, reason) in [
            ("[]", "the payload is not a JSON object"),
            ("{}", "associated is missing, allowed are true and false"),
            (r#"{"associated": "no"}"#, "associated is \"no\", allowed are true and false"),
            (r#"{"associated": false}"#, "code is missing, it must be a string"),
            (
                r#"{"associated": false, "code": ""}"#,
                "code begins with \"\", it must begin with up to 6 letters or digits",
            ),
            (
                r#"{"associated": false, "code": "ab\ncdef"}"#,
                "code begins with \"ab\\ncde\", it must begin with up to 6 letters or digits",
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
