// SPDX-License-Identifier: GPL-3.0-or-later
//! The rules: each searches the whole model for one kind of mistake.

mod commands;
mod groups;
mod keys;
mod logs;
mod merge;
mod names;
mod paths;
mod programs;
mod secrets;
mod servers;
mod startup;
mod syntax;
mod values;

use crate::codes::is_of_host;
use crate::configuration::{Configuration, Place};
use crate::finding::{Finding, Severity};
use crate::model::Model;

/// One rule.
type Rule = fn(&Model<'_>, &mut Findings<'_>);

const RULES: &[&[Rule]] = &[
    syntax::RULES,
    names::RULES,
    keys::RULES,
    values::RULES,
    programs::RULES,
    commands::RULES,
    paths::RULES,
    logs::RULES,
    groups::RULES,
    servers::RULES,
    startup::RULES,
    secrets::RULES,
];

/// Applies all rules. Findings are in the order of files and lines.
pub(crate) fn apply(model: &Model<'_>) -> Vec<Finding> {
    let mut findings = Findings { configuration: model.configuration, found: Vec::new() };
    for rule in RULES.iter().copied().flatten() {
        rule(model, &mut findings);
    }
    let mut found = findings.found;
    if model.host.is_unknown() {
        found.retain(|found| !is_of_host(found.finding.code));
    }
    sort(&mut found);
    let mut found = merge::merge(model.configuration, found);
    sort(&mut found);
    found.into_iter().map(|found| found.finding).collect()
}

/// Sorts findings and removes duplicates from several processes or several readings of one value.
fn sort(found: &mut Vec<Found>) {
    found.sort_by(|left, right| {
        let key = |found: &Found| (found.place, found.finding.severity, found.finding.code);
        key(left).cmp(&key(right))
    });
    found.dedup_by(|left, right| left.place == right.place && left.finding.code == right.finding.code);
}

/// The findings so far.
struct Findings<'a> {
    configuration: &'a Configuration,
    found: Vec<Found>,
}

/// A finding, with what `merge` needs to detect that it follows from another one.
struct Found {
    place: Place,
    /// The section, and the key that is missing there or was probably meant.
    about: Option<(String, &'static str)>,
    finding: Finding,
}

impl Found {
    /// Sets the section, and the key that is missing there or was probably meant.
    fn about(&mut self, header: &str, key: &'static str) {
        self.about = Some((header.to_owned(), key));
    }
}

impl Findings<'_> {
    /// supervisord refuses to start or to reread.
    fn error(
        &mut self,
        code: &'static str,
        place: Place,
        text: impl Into<String>,
        fix: impl Into<String>,
    ) -> &mut Found {
        self.add(Severity::Error, code, place, text.into(), fix.into())
    }

    /// supervisord accepts it, but it does not do what was meant.
    fn warning(
        &mut self,
        code: &'static str,
        place: Place,
        text: impl Into<String>,
        fix: impl Into<String>,
    ) -> &mut Found {
        self.add(Severity::Warning, code, place, text.into(), fix.into())
    }

    /// Possibly correct.
    fn hint(&mut self, code: &'static str, place: Place, text: impl Into<String>, fix: impl Into<String>) {
        self.add(Severity::Hint, code, place, text.into(), fix.into());
    }

    fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        place: Place,
        text: String,
        fix: String,
    ) -> &mut Found {
        let file = self.configuration.path(place).to_owned();
        let (line, column) = (place.at.line, place.at.column);
        let finding = Finding { file, line, column, severity, code, text, fix };
        self.found.push(Found { place, about: None, finding });
        self.found.last_mut().expect("one was pushed")
    }

    /// `file:line`, to name a second place in a text.
    fn named(&self, place: Place) -> String {
        format!("{}:{}", self.configuration.path(place).display(), place.at.line)
    }
}

/// A value for a message: in backquotes, on one line, shortened.
fn shown(value: &str) -> String {
    const LONGEST: usize = 60;
    let line: String = value.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let mut short: String = line.chars().take(LONGEST).collect();
    if short.len() < line.len() {
        short.push_str("...");
    }
    format!("`{short}`")
}

/// The candidate that `word` most likely misspells.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase().replace('-', "_");
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            (strsim::osa_distance(&word, &candidate.to_lowercase().replace('-', "_")), candidate)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
