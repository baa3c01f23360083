// SPDX-License-Identifier: GPL-3.0-or-later
//! The findings, as text and as JSON. docs/doctor.md describes both formats.

use std::fmt::Write as _;
use std::rc::Rc;

use serde::Serialize;

use super::fix::Fix;
use super::system::System;
use runtime::quoting::visible;

/// Version of the JSON format. It changes when existing readers would misread the output.
const FORMAT: u8 = 2;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing is wrong.
    Ok,
    /// Not checked.
    Skipped,
    /// The lamp works, but something is wrong.
    Warning,
    /// The lamp or a part of it does not work, or soon will not.
    Problem,
}

/// What checks depend on. If it is missing, they would only report that again in other words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Need {
    /// The package lampi is installed.
    Package,
    /// Supervisor is installed.
    Supervisor,
    /// The user of `lamp_service` and `lamp_ui` exists.
    User,
    /// Supervisor accepts its files.
    SoundConfs,
    /// Supervisor runs and responds.
    RunningSupervisor,
    /// Something can drive the LEDs.
    Pigpiod,
}

/// One result of a check.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    result: Verdict,
    /// One sentence, without a full stop.
    text: String,
    /// Its fix, as an index into the fixes.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<usize>,
}

/// A check that was not run.
#[derive(Debug, Serialize)]
struct Unchecked {
    check: &'static str,
    /// The dependency that is missing.
    needs: Need,
}

/// All findings, in the order of the checks.
#[derive(Debug)]
pub struct Report {
    system: Rc<System>,
    check: &'static str,
    findings: Vec<Finding>,
    /// Without duplicates.
    fixes: Vec<Fix>,
    missing: Vec<Need>,
    unchecked: Vec<Unchecked>,
}

impl Report {
    /// An empty report. Commands are for `system`.
    pub(super) fn new(system: Rc<System>) -> Self {
        let (findings, fixes) = (Vec::new(), Vec::new());
        Self { system, check: "", findings, fixes, missing: Vec::new(), unchecked: Vec::new() }
    }

    /// Sets the check of the next findings. Returns false if a dependency is missing, so that the check must
    /// not run.
    pub(super) fn begin(&mut self, check: &'static str, depends_on: &[Need]) -> bool {
        self.check = check;
        if let Some(needs) = depends_on.iter().copied().find(|need| self.is_missing(*need)) {
            self.unchecked.push(Unchecked { check, needs });
            return false;
        }
        true
    }

    /// Records that something is missing that other checks depend on. A finding must report it.
    pub(super) fn lacks(&mut self, need: Need) {
        self.missing.push(need);
    }

    /// Whether it was recorded as missing.
    pub(super) fn is_missing(&self, need: Need) -> bool {
        self.missing.contains(&need)
    }

    /// Reports that something is as it should be.
    pub(super) fn ok(&mut self, text: impl AsRef<str>) {
        self.add(Verdict::Ok, text.as_ref(), None);
    }

    /// As [`Report::ok`], unless this check has findings already.
    pub(super) fn ok_otherwise(&mut self, text: impl AsRef<str>) {
        if !self.findings.iter().any(|finding| finding.check == self.check) {
            self.ok(text);
        }
    }

    /// Reports what only root can check; `text` follows "check".
    pub(super) fn needs_root(&mut self, text: &str) {
        self.add(Verdict::Skipped, &format!("only root can check {text}"), None);
    }

    /// Reports something that is wrong although the lamp works.
    pub(super) fn warning(&mut self, text: impl AsRef<str>, fix: impl Into<Fix>) {
        self.add(Verdict::Warning, text.as_ref(), Some(fix.into()));
    }

    /// As [`Report::problem`], where no fix is known.
    pub(super) fn without_fix(&mut self, text: impl AsRef<str>) {
        self.add(Verdict::Problem, text.as_ref(), None);
    }

    /// Reports what keeps the lamp or a part of it from working, now or soon.
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
        // The text may quote logs and files of others, which can contain anything.
        self.findings.push(Finding { check: self.check, result, text: visible(text), fix });
    }

    /// The fixes of all findings, without duplicates.
    #[must_use]
    pub fn fixes(&self) -> &[Fix] {
        &self.fixes
    }

    /// The worst result of all findings.
    #[must_use]
    pub fn result(&self) -> Verdict {
        let worst = self.findings.iter().map(|finding| finding.result).max();
        worst.filter(|worst| *worst != Verdict::Skipped).unwrap_or(Verdict::Ok)
    }

    /// For a person.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut shown = Vec::new();
        for Finding { check, result, text: sentence, fix } in &self.findings {
            let label = match result {
                Verdict::Ok => "ok",
                Verdict::Skipped => "skipped",
                Verdict::Warning => "warning",
                Verdict::Problem => "problem",
            };
            let _ = writeln!(text, "{label:8} {check}: {sentence}");
            match fix {
                Some(fix) if shown.contains(fix) => {
                    let _ = writeln!(text, "{:8} fix: as above", "");
                }
                Some(fix) => {
                    shown.push(*fix);
                    self.write_fix(&self.fixes[*fix], &mut text);
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
            // Some checks have several parts.
            let mut names: Vec<&str> = Vec::new();
            for Unchecked { check, .. } in &self.unchecked {
                if !names.contains(check) {
                    names.push(check);
                }
            }
            let _ = writeln!(text, "Not checked until that is fixed: {}.", names.join(", "));
        }
        let sudo = if self.system.is_root { "" } else { "sudo " };
        if self.fixes.iter().any(|fix| fix.is_for_lampi(&self.system)) {
            let _ = writeln!(text, "To fix what lampi can fix, run: {sudo}lampi doctor --fix");
        }
        if count(Verdict::Skipped) > 0 {
            let _ = writeln!(text, "To run the skipped checks, run: sudo lampi doctor");
        }
        text
    }

    fn write_fix(&self, fix: &Fix, text: &mut String) {
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
        // Strings, integers and lists always serialise.
        serde_json::to_string_pretty(&whole).unwrap_or_default()
    }
}
