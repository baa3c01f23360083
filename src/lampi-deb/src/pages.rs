// SPDX-License-Identifier: GPL-3.0-or-later
//! The man pages in the package: one of each program, and one of each of its subcommands.

use clap::Command;
use programs::Program;

/// A man page.
#[derive(Debug)]
pub(crate) struct Page {
    /// What it describes.
    pub command: Command,
    /// Its section.
    pub section: &'static str,
}

impl Page {
    /// Those of a program. That of a subcommand is called `lampi-set`, say.
    pub(crate) fn of(program: &Program) -> Vec<Self> {
        // Commands, or daemons.
        let section = if program.is_command() { "1" } else { "8" };
        let mut command = program.command_line().disable_help_subcommand(true);
        command.build();
        let subcommands: Vec<Command> = command.get_subcommands().cloned().collect();
        [command].into_iter().chain(subcommands).map(|command| Self { command, section }).collect()
    }

    /// Its path in the package.
    pub(crate) fn path(&self) -> String {
        let name = self.command.get_display_name().unwrap_or(self.command.get_name());
        format!("usr/share/man/man{0}/{name}.{0}", self.section)
    }
}
