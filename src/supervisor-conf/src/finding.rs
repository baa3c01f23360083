// SPDX-License-Identifier: GPL-3.0-or-later
//! Findings and their severity.

use std::fmt::{self, Display};
use std::path::PathBuf;

use crate::codes::is_of_host;

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// supervisord refuses to start, and a running one refuses to reread.
    Error,
    /// supervisord starts, but does not do what was meant.
    Warning,
    /// Possibly correct.
    Hint,
}

impl Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        })
    }
}

/// One mistake in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, as the caller gave it.
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The severity.
    pub severity: Severity,
    /// The stable code of the mistake, in kebab-case.
    pub code: &'static str,
    /// What is wrong.
    pub text: String,
    /// What to do about it.
    pub fix: String,
}

impl Finding {
    /// Whether it depends on the machine on which supervisord will run, not only on the files.
    #[must_use]
    pub fn is_of_host(&self) -> bool {
        is_of_host(self.code)
    }
}

impl Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, severity, code, text, fix, .. } = self;
        write!(formatter, "{}:{line}:{column}: {severity}: {text}; {fix} [{code}]", self.file.display())
    }
}
