// SPDX-License-Identifier: GPL-3.0-or-later
//! The summary line.

use std::fmt::{self, Display};

use supervisor_conf::Severity;

use crate::Outcome;

/// Numbers of findings, files and unreadable inputs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub errors: usize,
    pub warnings: usize,
    pub hints: usize,
    pub files: usize,
    pub unreadable: usize,
}

impl Counts {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let count = |severity| outcome.findings.iter().filter(|finding| finding.severity == severity).count();
        Self {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            hints: count(Severity::Hint),
            files: outcome.files,
            unreadable: outcome.unreadable.len(),
        }
    }

    /// Whether there is a finding or an unreadable input.
    pub(crate) fn has_any(&self) -> bool {
        self.errors + self.warnings + self.hints + self.unreadable > 0
    }
}

impl Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |number: usize, thing: &str| match number {
            1 => format!("1 {thing}"),
            _ => format!("{number} {thing}s"),
        };
        let (errors, warnings) = (counted(self.errors, "error"), counted(self.warnings, "warning"));
        write!(formatter, "{errors}, {warnings}, {} in ", counted(self.hints, "hint"))?;
        formatter.write_str(&counted(self.files, "file"))?;
        match self.unreadable {
            0 => Ok(()),
            unreadable => write!(formatter, "; {} could not be read", counted(unreadable, "input")),
        }
    }
}
