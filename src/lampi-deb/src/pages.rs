// SPDX-License-Identifier: GPL-3.0-or-later
//! The man pages in the package: one of each program, and one of each of its subcommands.

use clap::Command;

/// A man page.
#[derive(Debug)]
pub(crate) struct Page {
    /// What it describes.
    pub command: Command,
    /// Its section.
    pub section: &'static str,
}

impl Page {
    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let commands = programs::commands().map(|(_, command)| (command, "1"));
        let daemons = programs::daemons().map(|(_, command)| (command, "8"));
        commands.chain(daemons).flat_map(|(command, section)| Self::of(command, section))
    }

    /// That of a command, and those of its subcommands. That of a subcommand is called `lampi-set`, say.
    fn of(command: Command, section: &'static str) -> Vec<Self> {
        let mut command = command.disable_help_subcommand(true);
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
