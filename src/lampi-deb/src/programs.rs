// SPDX-License-Identifier: GPL-3.0-or-later
//! The programs in the package.
//!
//! Each program keeps its command line in one file that needs nothing of the rest of it. The builder compiles the same files,
//! so man pages and the check of configured arguments can never say anything else than the program itself.

use clap::{Command, CommandFactory};

#[path = "../../fbcp/src/cli.rs"]
#[allow(dead_code, reason = "only its definition is used here, not what the program does with the arguments")]
mod fbcp;
#[path = "../../lamp_service/src/cli.rs"]
#[allow(dead_code, reason = "as above")]
mod lamp_service;
#[path = "../../lamp_ui/src/cli.rs"]
#[allow(dead_code, reason = "as above")]
mod lamp_ui;
#[path = "../../lampi/src/cli.rs"]
#[allow(dead_code, reason = "as above")]
mod lampi;

/// A program of ours.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Name of its crate and its binary, and of its conf and its Supervisor program, if it has one.
    pub name: &'static str,
    /// Its command line.
    pub command: fn() -> Command,
}

/// All programs of ours.
pub const PROGRAMS: [Program; 4] = [
    Program { name: "fbcp", command: fbcp::Cli::command },
    Program { name: "lamp_service", command: lamp_service::Cli::command },
    Program { name: "lamp_ui", command: lamp_ui::Cli::command },
    Program { name: "lampi", command: lampi::Cli::command },
];

impl Program {
    /// What there is a man page of: the program and each of its subcommands, whose name is then `lampi-set`, say.
    pub fn pages(&self) -> Vec<Command> {
        let mut command = (self.command)().disable_help_subcommand(true);
        command.build();
        let subcommands: Vec<Command> = command.get_subcommands().cloned().collect();
        [command].into_iter().chain(subcommands).collect()
    }
}

/// Path in the package of the man page of one of the [`Program::pages`].
pub fn man_page_path(page: &Command) -> String {
    format!("usr/share/man/man1/{}.1", page.get_display_name().unwrap_or(page.get_name()))
}

/// What Supervisor runs, in the order in which it starts them. pigpiod comes from another package.
pub const SUPERVISED: [&str; 4] = ["fbcp", "pigpiod", "lamp_service", "lamp_ui"];
