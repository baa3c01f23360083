// SPDX-License-Identifier: GPL-3.0-or-later
//! What a configuration says about each program, for callers that have demands of their own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::{self, Log, Model};
use crate::shlex::split_command;
use crate::values::{self, Autorestart};

/// A program, event listener or `FastCGI` program, with Supervisor's defaults where nothing is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The section's header without its brackets, such as `program:fbcp`.
    pub section: String,
    /// The name alone, such as `fbcp`.
    pub name: String,
    /// The file in which the section begins, named as the caller named it.
    pub file: PathBuf,
    /// Where its header is, counted from 1.
    pub line: usize,
    /// The words that are executed, of the first process if there are several.
    pub command: Vec<String>,
    /// Who runs it; nobody else than supervisord if nothing is said.
    pub user: Option<String>,
    /// The folder it runs in.
    pub directory: Option<String>,
    /// Lower starts earlier.
    pub priority: i64,
    /// Whether it starts with supervisord.
    pub autostart: bool,
    /// When it is started again.
    pub autorestart: Autorestart,
    /// How many times supervisord tries before it gives up.
    pub startretries: i64,
    /// What is added to supervisord's own environment, that of `[supervisord]` included.
    pub environment: BTreeMap<String, String>,
    /// Whether stderr goes where stdout goes.
    pub redirect_stderr: bool,
    /// The files that its processes write their output to; automatic and no logs are not named here.
    pub logs: Vec<PathBuf>,
}

/// The programs that supervisord would accept, in the order of their first appearance.
pub(crate) fn programs(model: &Model<'_>) -> Vec<Program> {
    model.programs.iter().filter_map(|program| describe(model, program)).collect()
}

/// Nothing if some value cannot be read.
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
