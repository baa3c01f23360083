// SPDX-License-Identifier: GPL-3.0-or-later
//! One JSON object with findings, unreadable inputs and counts.

use serde_json::json;

use crate::Outcome;
use crate::counts::Counts;

pub(super) fn render(outcome: &Outcome) -> String {
    let findings = outcome.findings.iter().map(|finding| {
        json!({
            "file": finding.file.to_string_lossy(),
            "line": finding.line,
            "column": finding.column,
            "severity": finding.severity.to_string(),
            "code": finding.code,
            "host": finding.is_of_host(),
            "text": finding.text,
            "fix": finding.fix,
        })
    });
    let unreadable = outcome.unreadable.iter().map(|(file, error)| json!({ "file": file, "error": error }));
    let counts = Counts::of(outcome);
    let report = json!({
        "findings": findings.collect::<Vec<_>>(),
        "unreadable": unreadable.collect::<Vec<_>>(),
        "counts": {
            "errors": counts.errors,
            "warnings": counts.warnings,
            "hints": counts.hints,
            "files": counts.files,
        },
    });
    format!("{report:#}\n")
}
