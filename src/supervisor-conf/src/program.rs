// SPDX-License-Identifier: GPL-3.0-or-later
//! The resolved settings of each program, for callers with their own checks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::{self, Log, Model};
use crate::shlex::split_command;
use crate::values::{self, Autorestart};

/// A program, event listener or `FastCGI` program, with Supervisor's defaults for missing keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The section's header without its brackets, such as `program:fbcp`.
    pub section: String,
    /// The name alone, such as `fbcp`.
    pub name: String,
    /// The file in which the section starts, as the caller gave it.
    pub file: PathBuf,
    /// The line of its header, counted from 1.
    pub line: usize,
    /// The words of the command, of the first process if there are several.
    pub command: Vec<String>,
    /// The user; `None` for supervisord's own.
    pub user: Option<String>,
    /// The working directory.
    pub directory: Option<String>,
    /// Lower starts earlier.
    pub priority: i64,
    /// Whether it starts with supervisord.
    pub autostart: bool,
    /// When it restarts.
    pub autorestart: Autorestart,
    /// The number of start attempts of supervisord.
    pub startretries: i64,
    /// Variables added to supervisord's environment, including those of `[supervisord]`.
    pub environment: BTreeMap<String, String>,
    /// Whether standard error goes to the log of standard output.
    pub redirect_stderr: bool,
    /// The log files of its processes, without AUTO and NONE.
    pub logs: Vec<PathBuf>,
}

/// The programs that supervisord would accept, in the order of their first appearance.
pub(crate) fn programs(model: &Model<'_>) -> Vec<Program> {
    model.programs.iter().filter_map(|program| describe(model, program)).collect()
}

/// `None` if a value is invalid.
fn describe(model: &Model<'_>, program: &model::Program<'_>) -> Option<Program> {
    let section = program.section;
    let said = |key: &str| model.configuration.get(section, key).is_some();
    let integer = |key, default| if said(key) { model.integer(program, key) } else { Some(default) };
    let boolean = |key, default| if said(key) { model.boolean(program, key) } else { Some(default) };
    let first = program.processes.first()?;
    let optional =
        |key| if said(key) { model.process_text(program, first, key).map(Some) } else { Some(None) };
    let redirect_stderr = boolean("redirect_stderr", false)?;
    let default_priority = if section.kind == crate::schema::SectionKind::EventListener { -1 } else { 999 };

    let mut logs = Vec::new();
    for process in &program.processes {
        for stream in if redirect_stderr { &["stdout"][..] } else { &["stdout", "stderr"] } {
            if let Log::Path(path) = model.log(program, process, stream)? {
                logs.push(model::log_path(&path, model.host));
            }
        }
    }
    let command = split_command(&model.process_text(program, first, "command")?).ok()?;
    Some(Program {
        section: section.header.clone(),
        name: section.name().to_owned(),
        file: model.configuration.path(section.place()).to_owned(),
        line: section.place().at.line,
        command: command.into_iter().map(|word| word.text).collect(),
        user: optional("user")?.map(|user| user.to_string()),
        directory: optional("directory")?.map(|directory| directory.to_string()),
        priority: integer("priority", default_priority)?,
        autostart: boolean("autostart", true)?,
        autorestart: match model.text(program, "autorestart") {
            Some(text) => values::autorestart(&text.to_string())?,
            None => Autorestart::Unexpected,
        },
        startretries: integer("startretries", 3)?,
        environment: model.full_environment(first).into_iter().map(|pair| (pair.name, pair.value)).collect(),
        redirect_stderr,
        logs,
    })
}
