// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line, the source of the help and the manual page.

#![allow(clippy::doc_markdown, reason = "the help shows these comments unchanged")]

use std::path::{Path, PathBuf};

use clap::{Args, Parser, ValueEnum};
use supervisor_conf::Host;
use supervisor_conf::codes::{self, Code};

/// Check Supervisor's configuration for mistakes
///
/// If one file has one wrong value, supervisord starts no program. It ignores a misspelt key, and it has no
/// option to test a file. supervisor-check reads the files like Supervisor 4.2 and 4.3. It reports each
/// setting that supervisord refuses, ignores or reads in an unexpected way.
///
/// error: supervisord refuses the setting. warning: supervisord accepts it, but it does not work as intended.
/// hint: possibly correct. Codes that start with host- depend on the machine on which supervisord will run.
///
/// To disable a code for one line, add the comment `; lampi-check: disable=CODE` at the end of that line, or
/// on a line of its own above it. To disable a code for a whole file, add the comment on a line of its own
/// before the first section.
///
/// Exit status: 0 without errors, 1 with errors, 2 for a usage error or if an input cannot be read.
#[derive(Debug, Parser)]
#[command(name = "supervisor-check", version)]
pub struct Cli {
    /// The arguments.
    #[command(flatten)]
    pub arguments: Arguments,
}

/// What to check, for which machine, and how to print it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Files or directories to check, or - for standard input
    ///
    /// Without --each, one supervisord reads all of them, as it reads the files in /etc/supervisor/conf.d. If
    /// the first file has a [supervisord] section, its [include] is followed. In a directory,
    /// supervisord.conf is read if it exists, otherwise all *.conf files, otherwise all *.ini files.
    #[arg(value_name = "FILE", required_unless_present = "explain")]
    pub(crate) files: Vec<PathBuf>,

    /// Check each argument as the configuration of a separate supervisord
    #[arg(long)]
    pub(crate) each: bool,

    /// Treat warnings as errors in the exit status
    #[arg(long)]
    pub(crate) strict: bool,

    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// When to use colours; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(crate) color: Color,

    /// Disable a code; repeat the option or separate codes with commas
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = known_name)]
    pub(crate) disable: Vec<&'static str>,

    /// Explain a code: the mistake, its consequence, an example and a fix
    #[arg(long, value_name = "CODE", exclusive = true, value_parser = known_code)]
    pub(crate) explain: Option<&'static Code>,

    /// Check only the files, nothing on this machine
    #[arg(long, conflicts_with_all = ["root", "user", "directory", "command", "cwd"])]
    pub(crate) offline: bool,

    /// Root directory of the machine on which supervisord will run
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,

    /// Add a variable to supervisord's environment; repeatable
    ///
    /// By default, the environment is that of a systemd service.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) env: Vec<(String, String)>,

    /// Assume that a user, and a group of the same name, exists; repeatable
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) user: Vec<String>,

    /// Assume that a directory exists; repeatable
    #[arg(long, value_name = "DIR", value_parser = absolute)]
    pub(crate) directory: Vec<PathBuf>,

    /// Assume that a program exists; repeatable
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    pub(crate) command: Vec<PathBuf>,

    /// Working directory of supervisord
    ///
    /// By default, it is / and relative paths are reported.
    #[arg(long, value_name = "DIR", value_parser = absolute)]
    pub(crate) cwd: Option<PathBuf>,
}

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One line per finding: FILE:LINE:COLUMN: SEVERITY: MISTAKE; FIX [CODE]
    Text,
    /// One JSON object, for other programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations for GitHub Actions
    Github,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Arguments {
    /// Checks what clap cannot check.
    pub(crate) fn validate(&self) -> Result<(), String> {
        if self.root.is_dir() {
            Ok(())
        } else {
            Err(format!("cannot use --root {}: not an existing directory", self.root.display()))
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
            Some(directory) => host.with_working_directory(directory),
            None => host,
        }
    }
}

fn known_code(name: &str) -> Result<&'static Code, String> {
    let message = || match codes::nearest_code(name) {
        Some(nearest) => format!("no such code; did you mean {nearest}?"),
        None => "no such code; use the code in brackets at the end of a finding".to_owned(),
    };
    codes::code(name).ok_or_else(message)
}

fn known_name(name: &str) -> Result<&'static str, String> {
    known_code(name).map(|code| code.name)
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

fn absolute(path: &str) -> Result<PathBuf, String> {
    if Path::new(path).is_absolute() { Ok(path.into()) } else { Err("expected an absolute path".to_owned()) }
}
