// SPDX-License-Identifier: GPL-3.0-or-later
//! The rules: each looks at the whole model for one kind of mistake.

mod commands;
mod groups;
mod logs;
mod names;
mod programs;
mod secrets;
mod servers;
mod syntax;
mod values;

use crate::configuration::{Configuration, Place};
use crate::finding::{Finding, Severity};
use crate::model::Model;

/// One rule.
type Rule = fn(&Model<'_>, &mut Findings<'_>);

const RULES: &[&[Rule]] = &[
    syntax::RULES,
    names::RULES,
    values::RULES,
    programs::RULES,
    commands::RULES,
    logs::RULES,
    groups::RULES,
    servers::RULES,
    secrets::RULES,
];

/// Applies all rules; findings come in the order of the files and of their lines.
pub(crate) fn apply(model: &Model<'_>) -> Vec<Finding> {
    let mut findings = Findings { configuration: model.configuration, found: Vec::new() };
    for rule in RULES.iter().copied().flatten() {
        rule(model, &mut findings);
    }
    findings.finish()
}

/// What the rules have found so far.
struct Findings<'a> {
    configuration: &'a Configuration,
    found: Vec<(Place, Finding)>,
}

impl Findings<'_> {
    /// Something for which supervisord refuses to start or to reread.
    fn error(&mut self, code: &'static str, place: Place, text: impl Into<String>, fix: impl Into<String>) {
        self.add(Severity::Error, code, place, text.into(), fix.into());
    }

    /// Something that supervisord accepts and that does not do what was meant.
    fn warning(&mut self, code: &'static str, place: Place, text: impl Into<String>, fix: impl Into<String>) {
        self.add(Severity::Warning, code, place, text.into(), fix.into());
    }

    fn add(&mut self, severity: Severity, code: &'static str, place: Place, text: String, fix: String) {
        let file = self.configuration.path(place).to_owned();
        let (line, column) = (place.at.line, place.at.column);
        self.found.push((place, Finding { file, line, column, severity, code, text, fix }));
    }

    /// `file:line`, for a second place in a text.
    fn named(&self, place: Place) -> String {
        format!("{}:{}", self.configuration.path(place).display(), place.at.line)
    }

    fn finish(mut self) -> Vec<Finding> {
        self.found.sort_by(|(a, left), (b, right)| {
            (a, left.severity, left.code).cmp(&(b, right.severity, right.code))
        });
        // A value that several processes or several readings share is found faulty once for each.
        self.found.dedup_by(|(a, left), (b, right)| a == b && left.code == right.code);
        self.found.into_iter().map(|(_, finding)| finding).collect()
    }
}

/// A value in a text: in backquotes, on one line, not too long.
fn shown(value: &str) -> String {
    const LONGEST: usize = 60;
    let line: String = value.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let mut short: String = line.chars().take(LONGEST).collect();
    if short.len() < line.len() {
        short.push_str("...");
    }
    format!("`{short}`")
}

/// The candidate that `word` is most likely a misspelling of.
fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
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
