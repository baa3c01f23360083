// SPDX-License-Identifier: GPL-3.0-or-later
//! The programs in the package.

use std::fmt;

use clap::builder::PossibleValue;
use clap::{Command, CommandFactory, ValueEnum};

/// A program of the package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// Name of its crate and binary, and of its Supervisor program and Supervisor file, if it has one.
    pub name: &'static str,
    /// Its installed path.
    pub path: &'static str,
    /// Its purpose, in a few words for the help.
    pub purpose: &'static str,
    /// The user that Supervisor runs it as.
    pub runs_as: RunsAs,
}

/// The user that Supervisor runs a program as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunsAs {
    /// root, because the program needs devices that only root may open.
    Root,
    /// The lamp's user.
    LampUser,
    /// None: the program is a command for people.
    Nobody,
}

/// All programs. Those that Supervisor runs are first, in the order in which it starts them.
pub static PROGRAMS: &[Program] = &[
    Program {
        name: "fbcp",
        path: "/usr/bin/fbcp",
        purpose: "Copies the frame to the panel",
        runs_as: RunsAs::Root,
    },
    // Not in a directory of PATH, where it would hide pigpio's own pigpiod.
    Program {
        name: "pigpiod",
        path: "/usr/libexec/lampi/pigpiod",
        purpose: "Drives the GPIO pins",
        runs_as: RunsAs::Root,
    },
    Program {
        name: "lamp_service",
        path: "/usr/bin/lamp_service",
        purpose: "Receives requests and sets the light",
        runs_as: RunsAs::LampUser,
    },
    Program {
        name: "lamp_ui",
        path: "/usr/bin/lamp_ui",
        purpose: "The touch screen",
        runs_as: RunsAs::LampUser,
    },
    Program {
        name: "lampi",
        path: "/usr/bin/lampi",
        purpose: "The owner's command",
        runs_as: RunsAs::Nobody,
    },
];

/// Another name of a program, with another command line. In the package it is a symbolic link.
#[derive(Debug, Clone, Copy)]
pub struct Alias {
    /// The name.
    pub name: &'static str,
    /// Path of the link.
    pub path: &'static str,
    /// Name of the program in [`PROGRAMS`], which is in the same directory.
    pub program: &'static str,
    command_line: CommandLine,
}

/// All other names of programs.
pub static ALIASES: &[Alias] = &[Alias {
    name: "lamp_cmd",
    path: "/usr/bin/lamp_cmd",
    program: "lampi",
    command_line: crate::lamp_cmd::Cli::command,
}];

impl Alias {
    /// Its path in the package: the installed path without the first slash.
    #[must_use]
    pub fn packaged_path(&self) -> &'static str {
        self.path.trim_start_matches('/')
    }
}

/// Name and command line of every command for people. Each has a man page in section 1 and completions.
pub fn commands() -> impl Iterator<Item = (&'static str, Command)> {
    let programs = PROGRAMS.iter().filter(|program| program.is_command());
    let aliases = ALIASES.iter().map(|alias| (alias.name, (alias.command_line)()));
    programs.map(|program| (program.name, program.command_line())).chain(aliases)
}

/// Name and command line of every program that only Supervisor starts. Each has a man page in section 8.
pub fn daemons() -> impl Iterator<Item = (&'static str, Command)> {
    let programs = PROGRAMS.iter().filter(|program| !program.is_command());
    programs.map(|program| (program.name, program.command_line()))
}

/// Builds the definition of a command line.
type CommandLine = fn() -> Command;

/// The command line of each program, by name. This list is separate from [`PROGRAMS`], because otherwise each
/// program would contain the help of all others.
const COMMAND_LINES: &[(&str, CommandLine)] = &[
    ("fbcp", crate::fbcp::Cli::command),
    ("pigpiod", crate::pigpiod::Cli::command),
    ("lamp_service", crate::lamp_service::Cli::command),
    ("lamp_ui", crate::lamp_ui::Cli::command),
    ("lampi", crate::lampi::Cli::command),
];

/// The programs that Supervisor runs, in the order in which it starts them.
#[must_use]
pub fn supervised() -> impl DoubleEndedIterator<Item = &'static Program> + Clone {
    PROGRAMS.iter().filter(|program| program.runs_as != RunsAs::Nobody)
}

/// The programs that the demonstration runs: those of Supervisor without pigpiod, which it simulates.
pub fn demonstrated() -> impl Iterator<Item = &'static Program> + Clone {
    supervised().filter(|program| program.name != "pigpiod")
}

impl Program {
    /// The program of this name that Supervisor runs.
    #[must_use]
    pub fn supervised(name: &str) -> Option<&'static Self> {
        supervised().find(|program| program.name == name)
    }

    /// Its priority in the packaged Supervisor file, which sets the order of start.
    #[must_use]
    pub fn priority(&self) -> u32 {
        let place = supervised().take_while(|program| *program != self).count();
        100 * (place as u32 + 1)
    }

    /// Its Supervisor file.
    #[must_use]
    pub fn conf(&self) -> String {
        crate::paths::conf(self.name)
    }

    /// Its log, unless the Supervisor file names another.
    #[must_use]
    pub fn log(&self) -> String {
        format!("{}/{}.log", crate::paths::LOGS, self.name)
    }

    /// Its path in the package: the installed path without the first slash.
    #[must_use]
    pub fn packaged_path(&self) -> &'static str {
        self.path.trim_start_matches('/')
    }

    /// Whether it is a command for people.
    #[must_use]
    pub fn is_command(&self) -> bool {
        self.path.starts_with("/usr/bin/")
    }

    /// Its command line.
    ///
    /// # Panics
    ///
    /// Only if a program is missing in one of the two lists.
    #[must_use]
    pub fn command_line(&self) -> Command {
        let known = COMMAND_LINES.iter().find(|(name, _)| *name == self.name);
        let (_, command) = known.expect("both lists name the same programs");
        command()
    }
}

/// As an argument, a program that Supervisor runs.
impl ValueEnum for Program {
    fn value_variants<'a>() -> &'a [Self] {
        // A test checks that those that Supervisor runs are first.
        &PROGRAMS[..supervised().count()]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.purpose))
    }
}

impl fmt::Display for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_name_the_same_programs_in_the_same_order() {
        let names = PROGRAMS.iter().map(|program| program.name);
        assert!(names.eq(COMMAND_LINES.iter().map(|(name, _)| *name)));
    }

    #[test]
    fn supervised_programs_are_first() {
        assert!(supervised().eq(Program::value_variants()));
        let priorities: Vec<u32> = supervised().map(Program::priority).collect();
        assert!(priorities.is_sorted() && priorities[0] == 100, "{priorities:?}");
    }

    /// The tests of the package are shell scripts that run on machines without Rust, so they have their own
    /// list.
    #[test]
    fn the_shell_scripts_of_the_tests_list_the_same_programs() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/install/lib.sh");
        let names: Vec<&str> = supervised().map(|program| program.name).collect();
        let line = format!("CONFS='{}'", names.join(" "));
        assert!(std::fs::read_to_string(path).unwrap().lines().any(|found| found == line), "{line}");
    }

    #[test]
    fn clap_accepts_the_command_lines() {
        for (_, command) in COMMAND_LINES {
            command().debug_assert();
        }
    }

    /// All commands and subcommands.
    fn all_commands() -> Vec<Command> {
        let mut all = Vec::new();
        for (_, mut command) in commands().chain(daemons()) {
            command = command.disable_help_subcommand(true);
            command.build();
            all.extend(command.get_subcommands().cloned());
            all.push(command);
        }
        all
    }

    #[test]
    fn every_page_has_a_manual() {
        for command in all_commands() {
            let name = command.get_display_name().unwrap_or(command.get_name());
            let manual = crate::manual::of(name).unwrap_or_else(|| panic!("{name} has no manual"));
            assert!(!manual.exit_status.is_empty() && !manual.see_also.is_empty(), "{name}");
            let help = command.get_after_long_help().map(ToString::to_string);
            assert_eq!(help.as_deref(), Some(&*manual.help()), "{name} has the help of another command");
        }
    }

    #[test]
    fn the_first_line_of_each_help_is_short_and_has_no_full_stop() {
        let mut bad = Vec::new();
        for command in all_commands() {
            let mut lines: Vec<String> = command.get_about().iter().map(ToString::to_string).collect();
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                lines.extend(argument.get_help().map(ToString::to_string));
                let values = argument.get_possible_values();
                lines.extend(values.iter().filter_map(|value| value.get_help().map(ToString::to_string)));
            }
            lines.retain(|line| line.len() > 72 || line.ends_with('.'));
            bad.extend(lines);
        }
        assert!(bad.is_empty(), "{bad:#?}");
    }

    #[test]
    fn aliases_are_in_the_directories_of_their_programs() {
        for alias in ALIASES {
            (alias.command_line)().debug_assert();
            let program = PROGRAMS.iter().find(|program| program.name == alias.program).unwrap();
            let directory = |path: &str| path.rsplit_once('/').unwrap().0.to_owned();
            assert_eq!(directory(alias.path), directory(program.path));
        }
    }
}
