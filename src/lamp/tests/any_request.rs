// SPDX-License-Identifier: GPL-3.0-or-later
//! Every payload on `lamp/set_config` is either a valid change or rejected with one line.
//!
//! `PROPTEST_CASES` sets the number of cases.

use lamp::set_config::SetConfig;
use lamp::state::LampState;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Messages that the test damages.
const SEEDS: [&str; 4] = [
    r#"{"color": {"h": 0.29, "s": 1.0}, "brightness": 0.5, "on": true, "client": "lamp_ui"}"#,
    r#"{"client": "\u00fc\ud83d\ude00", "on": 0.0, "brightness": 1e-3}"#,
    r#"{"client":"a","color":{"h":1,"s":false,"v":[null,{}]},"x":-1.5E+300}"#,
    r#"{"client": ""}"#,
];

/// Parts of messages, and input that breaks parsers.
const WORDS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "null",
    "true",
    "NaN",
    "-Infinity",
    "1e999",
    "-0",
    "0.30000000000000004",
    "18446744073709551616",
    "\"client\":",
    "\"color\":",
    "\"h\":",
    "\"on\":",
    "\0",
    "\u{feff}",
];

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        select(WORDS.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        vec(any::<u8>(), 0..4),
        (select(b"[{\"9".to_vec()), 0..300_usize).prop_map(|(byte, length)| vec![byte; length]),
    ]
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    let damage = vec((any::<Index>(), 0..6_usize, piece()), 0..5);
    (select(SEEDS.to_vec()), damage).prop_map(|(seed, damage)| {
        let mut bytes = seed.as_bytes().to_vec();
        for (place, removed, piece) in damage {
            let start = place.index(bytes.len() + 1);
            let end = bytes.len().min(start + removed);
            bytes.splice(start..end, piece);
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn accepts_any_payload_whole_or_rejects_it_in_one_line(payload in payload()) {
        match SetConfig::parse(&payload) {
            Err(error) => {
                let line = error.to_string();
                prop_assert!(!line.contains(char::is_control) && line.len() < 300, "{:?}", line);
            }
            Ok(request) => {
                prop_assert!(std::str::from_utf8(&payload).is_ok());
                let mut state = LampState::default();
                request.apply_to(&mut state);
                for number in [state.color.hue, state.color.saturation, state.brightness] {
                    prop_assert!((0.0..=1.0).contains(&number), "{}", number);
                }
                prop_assert!(state.duty_cycles().iter().all(|duty| *duty <= 1000));
                // The published state is itself a request for that state.
                let published = state.to_json();
                prop_assert_eq!(&LampState::from_json(published.as_bytes()).unwrap(), &state);
                let mut again = LampState { on: false, ..LampState::default() };
                SetConfig::parse(published.as_bytes()).unwrap().apply_to(&mut again);
                prop_assert_eq!(again, state);
            }
        }
    }
}
