// SPDX-License-Identifier: GPL-3.0-or-later
//! Workflow commands of GitHub Actions, which show findings in a pull request.

use supervisor_conf::{Finding, Severity};

use crate::Outcome;

pub(super) fn render(outcome: &Outcome) -> String {
    let findings = outcome.findings.iter().map(annotation);
    let unreadable = outcome.unreadable.iter().map(|(file, error)| {
        format!(
            "::error file={},title=unreadable::{}\n",
            property(file),
            data(&format!("cannot read {file}: {error}"))
        )
    });
    findings.chain(unreadable).collect()
}

fn annotation(finding: &Finding) -> String {
    let Finding { file, line, column, severity, code, text, fix } = finding;
    let command = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "notice",
    };
    let file = property(&file.to_string_lossy());
    let message = data(&format!("{text}; {fix}"));
    format!("::{command} file={file},line={line},col={column},title={code}::{message}\n")
}

/// Escapes a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
