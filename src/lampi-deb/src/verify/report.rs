// SPDX-License-Identifier: GPL-3.0-or-later
//! The report: each requirement with its problems.

use std::fmt;

use super::Requirement;
use crate::deb::Deb;

/// The problems that a check found, a sentence each.
pub(super) type Problems = Vec<String>;

/// The results of all checks.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<(&'static str, Problems)>,
}

impl Report {
    /// Checks requirements and adds the results.
    pub(super) fn check(&mut self, requirements: &[Requirement], deb: &Deb) {
        self.rows.extend(requirements.iter().map(|(requirement, check)| (*requirement, check(deb))));
    }

    pub(crate) fn passed(&self) -> bool {
        self.rows.iter().all(|(_, problems)| problems.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (requirement, problems) in &self.rows {
            writeln!(formatter, "{}  {requirement}", if problems.is_empty() { "pass" } else { "FAIL" })?;
            for problem in problems {
                writeln!(formatter, "        {problem}")?;
            }
        }
        Ok(())
    }
}
