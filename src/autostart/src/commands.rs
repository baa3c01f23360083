// SPDX-License-Identifier: GPL-3.0-or-later
//! Which of the lamp's programs a command or a script starts. A command can be a shell with a script, and a
//! script consists of commands, so the two parts call each other.

pub(crate) mod command;
pub(crate) mod shell;
mod words;

/// How deep commands within commands are followed, such as `sh -c "sh -c ..."`.
pub(crate) const DEEPEST: usize = 8;

/// What a command runs.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Runs {
    /// Programs of the lamp.
    pub programs: Vec<&'static str>,
    /// Whether it also runs something else that does not serve only them.
    pub others: bool,
}

impl Runs {
    /// Nothing.
    pub(crate) fn nothing() -> Self {
        Self::default()
    }

    /// A program of the lamp, or another one.
    pub(crate) fn one(program: Option<&'static str>) -> Self {
        Self { programs: program.into_iter().collect(), others: program.is_none() }
    }

    /// Both.
    pub(crate) fn and(&mut self, more: Self) {
        self.programs.extend(more.programs);
        self.others |= more.others;
    }
}
