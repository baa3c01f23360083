// SPDX-License-Identifier: GPL-3.0-or-later
//! The arguments, from which the help and the manual page are made.

#![allow(clippy::doc_markdown, reason = "people see these comments as they are, in a terminal")]

use std::path::{Path, PathBuf};

use clap::{Args, Parser, ValueEnum};
use supervisor_conf::Host;
use supervisor_conf::codes::{self, Code};

/// Finds mistakes in Supervisor's configuration before supervisord does.
///
/// supervisord starts no program at all if one file has one wrong value, says nothing of a misspelt key, and cannot be
/// asked to try a file. This program reads the files as Supervisor 4.2 and 4.3 do, and names every place that supervisord
/// would refuse, and every place that means something else than it seems to.
///
/// An error is what supervisord refuses. A warning is what it accepts and does not do as it was meant. A hint may well be
/// right. A code that begins with host- depends on the machine on which supervisord will run, not on the files alone.
///
/// A comment `; lampi-check: disable=CODE` behind a line, or alone before it, disables a code for that line; alone before
/// the first section it disables it for the file.
///
/// Exit status: 0 when there are no errors, 1 when there are, 2 when the call was wrong or an input could not be read.
#[derive(Debug, Parser)]
#[command(name = "supervisor-check", version)]
pub struct Cli {
    /// All of them.
    #[command(flatten)]
    pub arguments: Arguments,
}

/// What is checked, against which machine, and how it is shown.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Files, folders or `-` for standard input. Without --each all of them are read by one supervisord, as the files in
    /// /etc/supervisor/conf.d are. The includes of a first file with a [supervisord] section are followed. Of a folder its
    /// supervisord.conf is taken if there is one, else all *.conf in it, else all *.ini
    #[arg(value_name = "FILE", required_unless_present = "explain")]
    pub(crate) files: Vec<PathBuf>,

    /// Takes every argument for a supervisord of its own
    #[arg(long)]
    pub(crate) each: bool,

    /// Ends with status 1 for warnings too
    #[arg(long)]
    pub(crate) strict: bool,

    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// Whether the text has colours; auto is on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(crate) color: Color,

    /// Leaves out findings with this code; may be repeated, or given a list with commas
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = known_name)]
    pub(crate) disable: Vec<&'static str>,

    /// Explains a code: what was found, why it matters, an example and its cure
    #[arg(long, value_name = "CODE", exclusive = true, value_parser = known_code)]
    pub(crate) explain: Option<&'static Code>,

    /// Checks only what the files say, as in a checkout: no users, folders, programs or other files of any machine
    #[arg(long, conflicts_with_all = ["root", "user", "directory", "command", "cwd"])]
    pub(crate) offline: bool,

    /// The file system of the machine on which supervisord will run
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,

    /// A variable in the environment of supervisord, which is taken to be that of a systemd service; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) env: Vec<(String, String)>,

    /// A user, with a group of the same name, who will exist when supervisord runs; may be repeated
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) user: Vec<String>,

    /// A folder that will exist when supervisord runs; may be repeated
    #[arg(long, value_name = "DIR", value_parser = absolute)]
    pub(crate) directory: Vec<PathBuf>,

    /// A program that will exist when supervisord runs; may be repeated
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    pub(crate) command: Vec<PathBuf>,

    /// The folder in which supervisord is started [default: / without a promise, so that relative paths are warned of]
    #[arg(long, value_name = "DIR", value_parser = absolute)]
    pub(crate) cwd: Option<PathBuf>,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One line each: FILE:LINE:COLUMN: SEVERITY: what is wrong; what to do [CODE]
    Text,
    /// One object, for other programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// When the text has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Arguments {
    /// What the command line parser cannot see.
    pub(crate) fn validate(&self) -> Result<(), String> {
        if self.root.is_dir() {
            Ok(())
        } else {
            Err(format!("--root {}: there is no such folder", self.root.display()))
        }
    }

    /// The machine on which supervisord will run.
    pub(crate) fn host(&self) -> Host {
        let mut host = if self.offline { Host::unknown() } else { Host::new(&self.root) };
        for (name, value) in &self.env {
            host = host.with_variable(name, value);
        }
        for user in &self.user {
            host = host.with_user(user);
        }
        for directory in &self.directory {
            host = host.with_directory(directory);
        }
        for command in &self.command {
            host = host.with_command(command);
        }
        match &self.cwd {
            Some(folder) => host.with_working_directory(folder),
            None => host,
        }
    }
}

fn known_code(name: &str) -> Result<&'static Code, String> {
    let message = || match codes::nearest_code(name) {
        Some(nearest) => format!("there is no such code; {nearest} is one"),
        None => "there is no such code; it stands in brackets at the end of a finding".to_owned(),
    };
    codes::code(name).ok_or_else(message)
}

fn known_name(name: &str) -> Result<&'static str, String> {
    known_code(name).map(|code| code.name)
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

fn absolute(path: &str) -> Result<PathBuf, String> {
    if Path::new(path).is_absolute() { Ok(path.into()) } else { Err("write an absolute path".to_owned()) }
}
