// SPDX-License-Identifier: GPL-3.0-or-later
//! What removes the cause of a finding: steps that lampi takes itself, or leaves to a person.
//!
//! Each step is one sentence in the imperative. Where a plain command does the same as lampi, it has that command too. When
//! it was taken it says what it did, and where the former file is. The law for all of them is in docs/security.md: no
//! protection is weakened, no link of another user followed, no copy overwritten, no file of a package changed, and no unit
//! touched but the one that is named.

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

/// What the name of a file that is kept ends in; the package itself keeps what is in its way under such names.
const KEPT: &str = "dpkg-bak";

/// Steps of which each needs the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    steps: Vec<Action>,
}

/// A command as a person types it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    line: String,
    by_root: bool,
}

impl Command {
    /// One that only root may give.
    pub(super) fn of_root(line: impl Into<String>) -> Self {
        Self { line: line.into(), by_root: true }
    }

    /// One that anybody may give.
    pub(super) fn of_anybody(line: impl Into<String>) -> Self {
        Self { line: line.into(), by_root: false }
    }

    /// As whoever called us has to type it.
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
    /// What only a person can do.
    pub(super) fn by_hand(sentence: impl Into<String>) -> Self {
        Action::ByHand { sentence: sentence.into(), command: None }.into()
    }

    /// What only a person can do, by this command.
    pub(super) fn by_command(sentence: impl Into<String>, command: Command) -> Self {
        Action::ByHand { sentence: sentence.into(), command: Some(command) }.into()
    }

    /// These steps.
    pub(super) fn of(steps: Vec<Action>) -> Self {
        Self { steps }
    }

    /// With one more step at its end, if there is one.
    pub(super) fn then(mut self, next: impl IntoIterator<Item = Action>) -> Self {
        self.steps.extend(next);
        self
    }

    /// Its steps.
    pub(super) fn actions(&self) -> &[Action] {
        &self.steps
    }

    /// Its steps, in the order in which they are to be taken.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        self.steps.iter().map(Step)
    }

    /// Whether all its steps can be performed. A machine that lies below a folder is started by somebody else.
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
    /// What is to be done, in the imperative.
    #[must_use]
    pub fn sentence(self) -> String {
        self.0.sentence()
    }

    /// Whether it starts the machine anew, so that everything else has to come before it.
    #[must_use]
    pub fn is_reboot(self) -> bool {
        *self.0 == Action::Run(Tool::Reboot)
    }

    /// Does it, and returns what was done, in one sentence.
    pub fn perform(self, system: &System, commands: &dyn Commands) -> Result<String, FixError> {
        self.0.perform(system, commands).map_err(FixError)
    }
}

/// Why a command failed.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The commands of lampi that are a step of a fix as they are. They print what they do.
pub trait Commands {
    /// Has a program run whose conf is missing or has another name.
    fn enable(&self, program: Program, root: &Path) -> Result<(), Failure>;

    /// Adds the lines to config.txt by which the kernel drives the LEDs.
    fn enable_pwm(&self, root: &Path) -> Result<(), Failure>;

    /// Brings up to date what `lampi user` has generated.
    fn refresh_user(&self, root: &Path) -> Result<(), Failure>;

    /// Puts out of action what else starts the lamp's programs.
    fn take_over(&self, root: &Path) -> Result<(), Failure>;
}

/// Why a step could not be taken.
#[derive(Debug)]
pub struct FixError(anyhow::Error);

impl fmt::Display for FixError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With all causes: it is shown as one sentence.
        write!(formatter, "{:#}", self.0)
    }
}

impl Error for FixError {}
