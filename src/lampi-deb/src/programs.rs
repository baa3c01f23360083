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
#[path = "../../pigpiod/src/cli.rs"]
#[allow(dead_code, reason = "as above")]
mod pigpiod;

/// A program of ours.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Name of its crate and its binary, and of its conf and its Supervisor program, if it has one.
    pub name: &'static str,
    /// Its place in the package.
    pub path: &'static str,
    /// Its command line.
    pub command: fn() -> Command,
}

/// All programs of ours.
pub const PROGRAMS: [Program; 5] = [
    Program { name: "fbcp", path: "usr/bin/fbcp", command: fbcp::Cli::command },
    // On no PATH: there it would stand for the real one.
    Program { name: "pigpiod", path: "usr/libexec/lampi/pigpiod", command: pigpiod::Cli::command },
    Program { name: "lamp_service", path: "usr/bin/lamp_service", command: lamp_service::Cli::command },
    Program { name: "lamp_ui", path: "usr/bin/lamp_ui", command: lamp_ui::Cli::command },
    Program { name: "lampi", path: "usr/bin/lampi", command: lampi::Cli::command },
];

impl Program {
    /// Whether people call it by its name, so that it has a man page among the commands and a shell completes it.
    pub fn is_command(&self) -> bool {
        self.path.starts_with("usr/bin/")
    }

    /// Section of its man pages: commands, or daemons.
    fn section(&self) -> &'static str {
        if self.is_command() { "1" } else { "8" }
    }

    /// What there is a man page of: the program and each of its subcommands, whose name is then `lampi-set`, say.
    pub fn pages(&self) -> Vec<Page> {
        let mut command = (self.command)().disable_help_subcommand(true);
        command.build();
        let subcommands: Vec<Command> = command.get_subcommands().cloned().collect();
        let section = self.section();
        [command].into_iter().chain(subcommands).map(|command| Page { command, section }).collect()
    }
}

/// A man page.
#[derive(Debug)]
pub struct Page {
    /// What it describes.
    pub command: Command,
    /// Its section.
    pub section: &'static str,
}

impl Page {
    /// Its path in the package.
    pub fn path(&self) -> String {
        let name = self.command.get_display_name().unwrap_or(self.command.get_name());
        format!("usr/share/man/man{0}/{name}.{0}", self.section)
    }
}

/// What Supervisor runs, in the order in which it starts them.
pub const SUPERVISED: [&str; 4] = ["fbcp", "pigpiod", "lamp_service", "lamp_ui"];
