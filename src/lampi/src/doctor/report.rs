// SPDX-License-Identifier: GPL-3.0-or-later
//! What was found, and how it is told.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use super::cure::Cure;
use super::system::System;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Not looked at.
    Skipped,
    /// The lamp works, and something is not as it should be.
    Warning,
    /// The lamp, or a part of it, does not work, or is about to stop.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    result: Verdict,
    /// One sentence, without a full stop.
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cure: Option<String>,
}

/// All findings, in the order in which they were made.
pub struct Report<'a> {
    system: &'a System,
    check: &'static str,
    findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    /// An empty one. Cures are written for `system`.
    pub fn new(system: &'a System) -> Self {
        Self { system, check: "", findings: Vec::new() }
    }

    /// Names the check that makes the next findings.
    pub fn begin(&mut self, check: &'static str) {
        self.check = check;
    }

    /// Something is as it should be.
    pub fn ok(&mut self, text: impl Into<String>) {
        self.add(Verdict::Ok, text, None);
    }

    /// Something is as it should be, unless this check has found something that is not.
    pub fn ok_otherwise(&mut self, text: impl Into<String>) {
        if !self.findings.iter().any(|finding| finding.check == self.check) {
            self.ok(text);
        }
    }

    /// Something could not be looked at, because only root may.
    pub fn needs_root(&mut self, text: &str) {
        self.add(Verdict::Skipped, format!("{text}: only root may look"), None);
    }

    /// Something is not as it should be, and the lamp works.
    pub fn warning(&mut self, text: impl Into<String>, cure: &Cure) {
        self.add(Verdict::Warning, text, Some(cure));
    }

    /// Something keeps a part of the lamp from working, and no command cures it.
    pub fn without_cure(&mut self, text: impl Into<String>) {
        self.add(Verdict::Problem, text, None);
    }

    /// Something keeps the lamp, or a part of it, from working, or soon will.
    pub fn problem(&mut self, text: impl Into<String>, cure: &Cure) {
        self.add(Verdict::Problem, text, Some(cure));
    }

    /// As [`Report::problem`] or [`Report::warning`].
    pub fn worse(&mut self, is_problem: bool, text: impl Into<String>, cure: &Cure) {
        if is_problem { self.problem(text, cure) } else { self.warning(text, cure) }
    }

    fn add(&mut self, result: Verdict, text: impl Into<String>, cure: Option<&Cure>) {
        let cure = cure.map(|cure| cure.typed(self.system));
        // Logs and files of others are quoted: they may hold anything.
        let text = text.into().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        self.findings.push(Finding { check: self.check, result, text, cure });
    }

    /// The worst of all.
    fn result(&self) -> Verdict {
        let worst = self.findings.iter().map(|finding| finding.result).max();
        // What was not looked at says nothing.
        worst.filter(|worst| *worst != Verdict::Skipped).unwrap_or(Verdict::Ok)
    }

    /// 0 for nothing but what is well, 1 if there is a problem, 3 if there are warnings only.
    pub fn status(&self) -> ExitCode {
        ExitCode::from(match self.result() {
            Verdict::Ok | Verdict::Skipped => 0,
            Verdict::Problem => 1,
            Verdict::Warning => 3,
        })
    }

    /// For a person.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for Finding { check, result, text: sentence, cure } in &self.findings {
            let label = match result {
                Verdict::Ok => "ok",
                Verdict::Skipped => "skipped",
                Verdict::Warning => "warning",
                Verdict::Problem => "problem",
            };
            let _ = writeln!(text, "{label:8} {check}: {sentence}");
            if let Some(cure) = cure {
                let _ = writeln!(text, "{:8} cure: {cure}", "");
            }
        }
        let count = |wanted| self.findings.iter().filter(|finding| finding.result == wanted).count();
        let some = |count, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let (problems, warnings) = (count(Verdict::Problem), count(Verdict::Warning));
        let _ = match (problems, warnings) {
            (0, 0) => writeln!(text, "\nNothing is wrong."),
            (0, _) => writeln!(text, "\n{}.", some(warnings, "warning")),
            (_, 0) => writeln!(text, "\n{}.", some(problems, "problem")),
            _ => writeln!(text, "\n{}, {}.", some(problems, "problem"), some(warnings, "warning")),
        };
        if count(Verdict::Skipped) > 0 {
            let _ = writeln!(text, "Not everything could be looked at; for the rest: sudo lampi doctor");
        }
        text
    }

    /// For a program.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            result: Verdict,
            findings: &'a [Finding],
        }
        let whole = Whole { result: self.result(), findings: &self.findings };
        // Text, numbers of variants and lists can always be written.
        serde_json::to_string_pretty(&whole).unwrap_or_default()
    }
}
