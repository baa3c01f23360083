// SPDX-License-Identifier: GPL-3.0-or-later
//! SARIF 2.1.0, the OASIS standard for results of static analysis.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde_json::{Value, json};
use supervisor_conf::Finding;
use supervisor_conf::codes::{CODES, Code};

use crate::{Outcome, explanation, level};

pub(super) fn render(outcome: &Outcome) -> String {
    let notifications = outcome.unreadable.iter().map(|(file, error)| {
        json!({
            "level": "error",
            "message": { "text": format!("cannot read {file}: {error}") },
            "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(Path::new(file)) } } }],
        })
    });
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "supervisor-check",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": CODES.iter().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": outcome.unreadable.is_empty(),
                "toolExecutionNotifications": notifications.collect::<Vec<_>>(),
            }],
            "results": outcome.findings.iter().map(result).collect::<Vec<_>>(),
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.name,
        "shortDescription": { "text": code.what },
        "fullDescription": { "text": format!("{} {}", code.what, code.why) },
        "help": { "text": explanation(code) },
        "defaultConfiguration": { "level": level(code.severity) },
        "properties": { "tags": [if code.is_of_host() { "host" } else { "file" }] },
    })
}

fn result(finding: &Finding) -> Value {
    json!({
        "ruleId": finding.code,
        "ruleIndex": CODES.iter().position(|code| code.name == finding.code),
        "level": level(finding.severity),
        "message": { "text": format!("{}; {}", finding.text, finding.fix) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&finding.file) },
            "region": { "startLine": finding.line, "startColumn": finding.column },
        } }],
    })
}

/// A path as a URI (RFC 3986): relative if the path is.
fn uri(path: &Path) -> String {
    let scheme = if path.is_absolute() { "file://" } else { "" };
    let encoded = path.as_os_str().as_bytes().iter().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(*byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    scheme.chars().map(String::from).chain(encoded).collect()
}
