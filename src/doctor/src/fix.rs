// SPDX-License-Identifier: GPL-3.0-or-later
//! The fix of a finding: steps that lampi performs or leaves to the owner.
//!
//! Each step is one sentence in the imperative, with the equivalent command if there is a plain one. A
//! performed step reports what it did and where the previous file is kept. docs/security.md has the
//! requirements for all steps: they weaken no protection, follow no link of another user, overwrite no
//! backup, change no file of a package, and touch no unit except the one that is named.

mod action;
mod conf;
mod panel;
mod perform;
mod settings;
mod theirs;
mod tool;

use std::error::Error;
use std::fmt;
use std::path::Path;

use programs::Program;

use super::system::System;
pub(super) use action::Action;
pub(super) use conf::Edit;
pub(super) use panel::{OVERLAY, Panel};
pub(super) use settings::Setting;
pub(super) use theirs::{Content, Owner, Theirs};
pub(super) use tool::Tool;

/// The suffix of kept files, the same as in the maintainer scripts.
const KEPT: &str = "dpkg-bak";

/// Steps, each of which requires the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    steps: Vec<Action>,
}

/// A command line for the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    line: String,
    by_root: bool,
}

impl Command {
    /// A command that requires root.
    pub(super) fn of_root(line: impl Into<String>) -> Self {
        Self { line: line.into(), by_root: true }
    }

    /// A command that any user can run.
    pub(super) fn of_anybody(line: impl Into<String>) -> Self {
        Self { line: line.into(), by_root: false }
    }

    /// The command line, with sudo if the caller needs it.
    pub(super) fn typed(&self, system: &System) -> String {
        let sudo = if self.by_root && !system.is_root { "sudo " } else { "" };
        format!("{sudo}{}", self.line)
    }
}

impl From<Action> for Fix {
    fn from(action: Action) -> Self {
        Self { steps: vec![action] }
    }
}

impl Fix {
    /// What only the owner can do.
    pub(super) fn by_hand(sentence: impl Into<String>) -> Self {
        Action::ByHand { sentence: sentence.into(), command: None }.into()
    }

    /// What only the owner can do, with this command.
    pub(super) fn by_command(sentence: impl Into<String>, command: Command) -> Self {
        Action::ByHand { sentence: sentence.into(), command: Some(command) }.into()
    }

    /// A fix of these steps.
    pub(super) fn of(steps: Vec<Action>) -> Self {
        Self { steps }
    }

    /// Appends steps.
    pub(super) fn then(mut self, next: impl IntoIterator<Item = Action>) -> Self {
        self.steps.extend(next);
        self
    }

    /// Its steps.
    pub(super) fn actions(&self) -> &[Action] {
        &self.steps
    }

    /// Its steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        self.steps.iter().map(Step)
    }

    /// Whether lampi can perform all its steps. It does not restart a machine whose files are below a
    /// directory.
    #[must_use]
    pub fn is_for_lampi(&self, system: &System) -> bool {
        let is_reboot = |step: &Action| Step(step).is_reboot();
        let can = |step: &Action| match step {
            Action::ByHand { .. } => false,
            Action::Run(tool) => is_reboot(step) || tool.words(system).is_some(),
            _ => true,
        };
        self.steps.iter().all(can) && (system.is_this() || !self.steps.iter().all(is_reboot))
    }
}

/// One step of a fix.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a>(&'a Action);

impl Step<'_> {
    /// What to do, in the imperative.
    #[must_use]
    pub fn sentence(self) -> String {
        self.0.sentence()
    }

    /// Whether it restarts the machine, so that it must be the last step.
    #[must_use]
    pub fn is_reboot(self) -> bool {
        *self.0 == Action::Run(Tool::Reboot)
    }

    /// Performs the step. Returns what was done, as one sentence.
    pub fn perform(self, system: &System, commands: &dyn Commands) -> Result<String, FixError> {
        self.0.perform(system, commands).map_err(FixError)
    }
}

/// Why a command failed.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Commands of lampi that are steps of a fix. They print what they do.
pub trait Commands {
    /// Runs a program again whose conf is missing or renamed.
    fn enable(&self, program: Program, root: &Path) -> Result<(), Failure>;

    /// Adds the lines to config.txt that make the kernel drive the LEDs.
    fn enable_pwm(&self, root: &Path) -> Result<(), Failure>;

    /// Updates the files that `lampi user` generates.
    fn refresh_user(&self, root: &Path) -> Result<(), Failure>;

    /// Disables what else starts the lamp's programs.
    fn take_over(&self, root: &Path) -> Result<(), Failure>;
}

/// Why a step failed.
#[derive(Debug)]
pub struct FixError(anyhow::Error);

impl fmt::Display for FixError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With all causes, in one sentence.
        write!(formatter, "{:#}", self.0)
    }
}

impl Error for FixError {}
