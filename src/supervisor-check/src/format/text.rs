// SPDX-License-Identifier: GPL-3.0-or-later
//! One line for each finding.

use std::io::{self, IsTerminal};

use supervisor_conf::{Finding, Severity};

use crate::arguments::Color;

const PLAIN: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";

/// Whether to use colours (no-color.org).
pub(super) fn has_color(wanted: Color) -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match wanted {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb
        }
    }
}

pub(super) fn render(findings: &[Finding], color: bool) -> String {
    let line = |finding: &Finding| if color { colored(finding) } else { format!("{finding}\n") };
    findings.iter().map(line).collect()
}

fn colored(finding: &Finding) -> String {
    let Finding { file, line, column, severity, code, text, fix } = finding;
    let hue = match severity {
        Severity::Error => "\x1b[1;31m",
        Severity::Warning => "\x1b[1;33m",
        Severity::Hint => "\x1b[1;36m",
    };
    let file = file.display();
    format!(
        "{BOLD}{file}:{line}:{column}:{PLAIN} {hue}{severity}:{PLAIN} {text}; {fix} {DIM}[{code}]{PLAIN}\n"
    )
}
