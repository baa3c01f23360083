// SPDX-License-Identifier: GPL-3.0-or-later
//! The table of promises, kept and broken.

use std::fmt;

/// What is wrong, a sentence each; none if all is well.
pub(super) type Problems = Vec<String>;

/// Collected results.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<(&'static str, Problems)>,
}

impl Report {
    pub(crate) fn add(&mut self, promise: &'static str, problems: Problems) {
        self.rows.push((promise, problems));
    }

    pub(crate) fn passed(&self) -> bool {
        self.rows.iter().all(|(_, problems)| problems.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (promise, problems) in &self.rows {
            writeln!(formatter, "{}  {promise}", if problems.is_empty() { "pass" } else { "FAIL" })?;
            for problem in problems {
                writeln!(formatter, "        {problem}")?;
            }
        }
        Ok(())
    }
}
