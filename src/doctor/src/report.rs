// SPDX-License-Identifier: GPL-3.0-or-later
//! What was found, and how it is told. docs/doctor.md describes both forms.

use std::fmt::Write as _;
use std::rc::Rc;

use serde::Serialize;

use super::fix::Fix;
use super::system::System;
use runtime::quoting::visible;

/// Number of the form of the JSON; another one when a program would read it wrongly.
const FORMAT: u8 = 2;

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

/// What checks stand on. If it is missing, they would find nothing but that, once more in other words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Need {
    /// The package lampi is installed.
    Package,
    /// Supervisor is installed.
    Supervisor,
    /// The user of `lamp_service` and `lamp_ui` exists.
    User,
    /// Supervisor takes its files.
    SoundConfs,
    /// Supervisor runs and answers.
    RunningSupervisor,
    /// There is something that can drive the LEDs.
    Pigpiod,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    result: Verdict,
    /// One sentence, without a full stop.
    text: String,
    /// Which of the fixes is for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<usize>,
}

/// A check that was not made.
#[derive(Debug, Serialize)]
struct Unchecked {
    check: &'static str,
    /// What it stands on, and is missing.
    needs: Need,
}

/// All findings, in the order in which they were made.
#[derive(Debug)]
pub struct Report {
    system: Rc<System>,
    check: &'static str,
    findings: Vec<Finding>,
    /// Each is there once, whatever it is for.
    fixes: Vec<Fix>,
    missing: Vec<Need>,
    unchecked: Vec<Unchecked>,
}

impl Report {
    /// An empty one. Commands are written for `system`.
    pub(super) fn new(system: Rc<System>) -> Self {
        let (findings, fixes) = (Vec::new(), Vec::new());
        Self { system, check: "", findings, fixes, missing: Vec::new(), unchecked: Vec::new() }
    }

    /// Names the check that makes the next findings. If something that it stands on is missing, it is not to be made.
    pub(super) fn begin(&mut self, check: &'static str, stands_on: &[Need]) -> bool {
        self.check = check;
        if let Some(needs) = stands_on.iter().copied().find(|need| self.is_missing(*need)) {
            self.unchecked.push(Unchecked { check, needs });
            return false;
        }
        true
    }

    /// Something is missing that other checks stand on; a finding tells of it.
    pub(super) fn lacks(&mut self, need: Need) {
        self.missing.push(need);
    }

    /// Whether that was found missing.
    pub(super) fn is_missing(&self, need: Need) -> bool {
        self.missing.contains(&need)
    }

    /// Something is as it should be.
    pub(super) fn ok(&mut self, text: impl AsRef<str>) {
        self.add(Verdict::Ok, text.as_ref(), None);
    }

    /// Something is as it should be, unless this check has found something that is not.
    pub(super) fn ok_otherwise(&mut self, text: impl AsRef<str>) {
        if !self.findings.iter().any(|finding| finding.check == self.check) {
            self.ok(text);
        }
    }

    /// Something could not be looked at, because only root may.
    pub(super) fn needs_root(&mut self, text: &str) {
        self.add(Verdict::Skipped, &format!("{text}: only root may look"), None);
    }

    /// Something is not as it should be, and the lamp works.
    pub(super) fn warning(&mut self, text: impl AsRef<str>, fix: impl Into<Fix>) {
        self.add(Verdict::Warning, text.as_ref(), Some(fix.into()));
    }

    /// Something keeps a part of the lamp from working, and nothing is known that mends it.
    pub(super) fn without_fix(&mut self, text: impl AsRef<str>) {
        self.add(Verdict::Problem, text.as_ref(), None);
    }

    /// Something keeps the lamp, or a part of it, from working, or soon will.
    pub(super) fn problem(&mut self, text: impl AsRef<str>, fix: impl Into<Fix>) {
        self.add(Verdict::Problem, text.as_ref(), Some(fix.into()));
    }

    /// As [`Report::problem`] or [`Report::warning`].
    pub(super) fn worse(&mut self, is_problem: bool, text: impl AsRef<str>, fix: impl Into<Fix>) {
        if is_problem { self.problem(text, fix) } else { self.warning(text, fix) }
    }

    fn add(&mut self, result: Verdict, text: &str, fix: Option<Fix>) {
        let fix = fix.map(|fix| {
            self.fixes.iter().position(|known| *known == fix).unwrap_or_else(|| {
                self.fixes.push(fix);
                self.fixes.len() - 1
            })
        });
        // Logs and files of others are quoted: they may hold anything.
        self.findings.push(Finding { check: self.check, result, text: visible(text), fix });
    }

    /// The fixes of all findings, each once.
    #[must_use]
    pub fn fixes(&self) -> &[Fix] {
        &self.fixes
    }

    /// The worst of all.
    #[must_use]
    pub fn result(&self) -> Verdict {
        let worst = self.findings.iter().map(|finding| finding.result).max();
        // What was not looked at says nothing.
        worst.filter(|worst| *worst != Verdict::Skipped).unwrap_or(Verdict::Ok)
    }

    /// For a person.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut told = Vec::new();
        for Finding { check, result, text: sentence, fix } in &self.findings {
            let label = match result {
                Verdict::Ok => "ok",
                Verdict::Skipped => "skipped",
                Verdict::Warning => "warning",
                Verdict::Problem => "problem",
            };
            let _ = writeln!(text, "{label:8} {check}: {sentence}");
            match fix {
                Some(fix) if told.contains(fix) => {
                    let _ = writeln!(text, "{:8} fix: as above", "");
                }
                Some(fix) => {
                    told.push(*fix);
                    self.tell(&self.fixes[*fix], &mut text);
                }
                None => {}
            }
        }
        text.push('\n');
        let count = |wanted| self.findings.iter().filter(|finding| finding.result == wanted).count();
        let some = |count, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let (problems, warnings) = (count(Verdict::Problem), count(Verdict::Warning));
        let _ = match (problems, warnings) {
            (0, 0) => writeln!(text, "Nothing is wrong."),
            (0, _) => writeln!(text, "{}.", some(warnings, "warning")),
            (_, 0) => writeln!(text, "{}.", some(problems, "problem")),
            _ => writeln!(text, "{}, {}.", some(problems, "problem"), some(warnings, "warning")),
        };
        if !self.unchecked.is_empty() {
            // Some are made of several parts.
            let mut names: Vec<&str> = Vec::new();
            for Unchecked { check, .. } in &self.unchecked {
                if !names.contains(check) {
                    names.push(check);
                }
            }
            let _ = writeln!(text, "Not looked at before that is mended: {}.", names.join(", "));
        }
        let sudo = if self.system.is_root { "" } else { "sudo " };
        if self.fixes.iter().any(|fix| fix.is_for_lampi(&self.system)) {
            let _ = writeln!(text, "To have lampi do what it can of that: {sudo}lampi doctor --fix");
        }
        if count(Verdict::Skipped) > 0 {
            let _ = writeln!(text, "Not everything could be looked at; for the rest: sudo lampi doctor");
        }
        text
    }

    fn tell(&self, fix: &Fix, text: &mut String) {
        for step in fix.actions() {
            let _ = writeln!(text, "{:8} fix: {}", "", visible(&step.sentence()));
            if let Some(command) = step.command(&self.system) {
                let _ = writeln!(text, "{:8} run: {}", "", visible(&command.typed(&self.system)));
            }
        }
    }

    /// For a program.
    #[must_use]
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct StepJson {
            action: &'static str,
            text: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            command: Option<String>,
        }
        #[derive(Serialize)]
        struct Steps {
            by_lampi: bool,
            steps: Vec<StepJson>,
        }
        #[derive(Serialize)]
        struct Whole<'a> {
            format: u8,
            result: Verdict,
            findings: &'a [Finding],
            fixes: Vec<Steps>,
            unchecked: &'a [Unchecked],
        }
        let fixes = self.fixes.iter().map(|fix| Steps {
            by_lampi: fix.is_for_lampi(&self.system),
            steps: fix
                .actions()
                .iter()
                .map(|step| StepJson {
                    action: step.name(),
                    text: visible(&step.sentence()),
                    command: step.command(&self.system).map(|command| command.typed(&self.system)),
                })
                .collect(),
        });
        let whole = Whole {
            format: FORMAT,
            result: self.result(),
            findings: &self.findings,
            fixes: fixes.collect(),
            unchecked: &self.unchecked,
        };
        // Text, numbers of variants and lists can always be written.
        serde_json::to_string_pretty(&whole).unwrap_or_default()
    }
}
