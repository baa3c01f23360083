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

/// A program of ours.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Name of its crate, its binary, its conf and its Supervisor program.
    pub name: &'static str,
    /// Its command line.
    pub command: fn() -> Command,
}

/// All programs of ours.
pub const PROGRAMS: [Program; 3] = [
    Program { name: "fbcp", command: fbcp::Cli::command },
    Program { name: "lamp_service", command: lamp_service::Cli::command },
    Program { name: "lamp_ui", command: lamp_ui::Cli::command },
];

/// What Supervisor runs, in the order in which it starts them. pigpiod comes from another package.
pub const SUPERVISED: [&str; 4] = ["fbcp", "pigpiod", "lamp_service", "lamp_ui"];
