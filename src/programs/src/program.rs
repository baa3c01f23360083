// SPDX-License-Identifier: GPL-3.0-or-later
//! The programs in the package.

use std::fmt;

use clap::builder::PossibleValue;
use clap::{Command, CommandFactory, ValueEnum};

/// A program of the package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// Name of its crate and its binary, and of its Supervisor program and that one's file, if it has one.
    pub name: &'static str,
    /// Where it is installed.
    pub path: &'static str,
    /// What it is for, in a few words.
    pub purpose: &'static str,
    /// As whom Supervisor runs it.
    pub runs_as: RunsAs,
}

/// As whom Supervisor runs a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunsAs {
    /// As root, for it needs devices that nobody else may open.
    Root,
    /// As the lamp's user.
    LampUser,
    /// Not at all: people call it.
    Nobody,
}

/// All programs; those that Supervisor runs in the order in which it starts them.
pub static PROGRAMS: &[Program] = &[
    Program {
        name: "fbcp",
        path: "/usr/bin/fbcp",
        purpose: "Copies the picture to the panel",
        runs_as: RunsAs::Root,
    },
    // On no PATH: there it would stand for the real one.
    Program {
        name: "pigpiod",
        path: "/usr/libexec/lampi/pigpiod",
        purpose: "Drives the GPIO pins",
        runs_as: RunsAs::Root,
    },
    Program {
        name: "lamp_service",
        path: "/usr/bin/lamp_service",
        purpose: "Takes requests and sets the light",
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

/// Another name under which a program can be called, and then has another command line. In the package it is a link.
#[derive(Debug, Clone, Copy)]
pub struct Alias {
    /// The name.
    pub name: &'static str,
    /// Where the link is.
    pub path: &'static str,
    /// Name of the program in [`PROGRAMS`], which lies in the same directory.
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
    /// Its place in the package, which is that on a lamp without the first slash.
    #[must_use]
    pub fn packaged_path(&self) -> &'static str {
        self.path.trim_start_matches('/')
    }
}

/// Name and command line of everything that people call by its name, so that it has a man page among the commands and shells
/// complete it.
pub fn commands() -> impl Iterator<Item = (&'static str, Command)> {
    let programs = PROGRAMS.iter().filter(|program| program.is_command());
    let aliases = ALIASES.iter().map(|alias| (alias.name, (alias.command_line)()));
    programs.map(|program| (program.name, program.command_line())).chain(aliases)
}

/// Name and command line of the programs that Supervisor alone calls.
pub fn daemons() -> impl Iterator<Item = (&'static str, Command)> {
    let programs = PROGRAMS.iter().filter(|program| !program.is_command());
    programs.map(|program| (program.name, program.command_line()))
}

/// Makes the definition of a command line.
type CommandLine = fn() -> Command;

/// The command line of each program, by its name. Apart from the list above, as each program would hold those of all others
/// otherwise.
const COMMAND_LINES: &[(&str, CommandLine)] = &[
    ("fbcp", crate::fbcp::Cli::command),
    ("pigpiod", crate::pigpiod::Cli::command),
    ("lamp_service", crate::lamp_service::Cli::command),
    ("lamp_ui", crate::lamp_ui::Cli::command),
    ("lampi", crate::lampi::Cli::command),
];

/// What Supervisor runs, in the order in which it starts them.
#[must_use]
pub fn supervised() -> impl DoubleEndedIterator<Item = &'static Program> + Clone {
    PROGRAMS.iter().filter(|program| program.runs_as != RunsAs::Nobody)
}

/// What the demonstration runs: what Supervisor runs, but for pigpiod, in whose place it has a simulated one.
pub fn demonstrated() -> impl Iterator<Item = &'static Program> + Clone {
    supervised().filter(|program| program.name != "pigpiod")
}

impl Program {
    /// The program of that name that Supervisor runs.
    #[must_use]
    pub fn supervised(name: &str) -> Option<&'static Self> {
        supervised().find(|program| program.name == name)
    }

    /// The priority that the package gives it in Supervisor's file, which decides on the order of start.
    #[must_use]
    pub fn priority(&self) -> u32 {
        let place = supervised().take_while(|program| *program != self).count();
        100 * (place as u32 + 1)
    }

    /// Supervisor's file of it.
    #[must_use]
    pub fn conf(&self) -> String {
        crate::paths::conf(self.name)
    }

    /// Its log, unless Supervisor's file names another.
    #[must_use]
    pub fn log(&self) -> String {
        format!("{}/{}.log", crate::paths::LOGS, self.name)
    }

    /// Its place in the package, which is that on a lamp without the first slash.
    #[must_use]
    pub fn packaged_path(&self) -> &'static str {
        self.path.trim_start_matches('/')
    }

    /// Whether people call it by its name.
    #[must_use]
    pub fn is_command(&self) -> bool {
        self.path.starts_with("/usr/bin/")
    }

    /// Its command line.
    ///
    /// # Panics
    ///
    /// Never, as long as both lists name the same programs.
    #[must_use]
    pub fn command_line(&self) -> Command {
        let known = COMMAND_LINES.iter().find(|(name, _)| *name == self.name);
        let (_, command) = known.expect("both lists name the same programs");
        command()
    }
}

/// On a command line it stands for one that Supervisor runs.
impl ValueEnum for Program {
    fn value_variants<'a>() -> &'a [Self] {
        // Those that Supervisor runs come first, as a test makes sure.
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
    fn those_that_supervisor_runs_come_first() {
        assert!(supervised().eq(Program::value_variants()));
        let priorities: Vec<u32> = supervised().map(Program::priority).collect();
        assert!(priorities.is_sorted() && priorities[0] == 100, "{priorities:?}");
    }

    /// The tests of the whole package are shell scripts, and need the list on machines that have no Rust.
    #[test]
    fn the_shell_scripts_of_the_tests_know_the_same_programs() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/install/lib.sh");
        let names: Vec<&str> = supervised().map(|program| program.name).collect();
        let line = format!("CONFS='{}'", names.join(" "));
        assert!(std::fs::read_to_string(path).unwrap().lines().any(|found| found == line), "{line}");
    }

    #[test]
    fn the_command_lines_are_sound() {
        for (_, command) in COMMAND_LINES {
            command().debug_assert();
        }
    }

    #[test]
    fn aliases_lie_beside_their_programs() {
        for alias in ALIASES {
            (alias.command_line)().debug_assert();
            let program = PROGRAMS.iter().find(|program| program.name == alias.program).unwrap();
            let directory = |path: &str| path.rsplit_once('/').unwrap().0.to_owned();
            assert_eq!(directory(alias.path), directory(program.path));
        }
    }
}
