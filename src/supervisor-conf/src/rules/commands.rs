// SPDX-License-Identifier: GPL-3.0-or-later
//! Commands that supervisord accepts but cannot start, or starts with unexpected arguments.

use super::syntax::cutting_comment;
use super::{Findings, Rule, shown};
use crate::configuration::Place;
use crate::host::CommandState;
use crate::model::{Model, Process, Program};
use crate::shlex::{SplitFault, Word, split_command};

pub(super) const RULES: &[Rule] = &[command];

/// Prefixes of words that only a shell interprets.
const OPERATORS: &[&str] = &["|", "&", "<", ">", "1>", "2>"];

fn command(model: &Model<'_>, findings: &mut Findings<'_>) {
    for program in &model.programs {
        let Some(located) = model.configuration.get(program.section, "command") else { continue };
        for process in &program.processes {
            let Some(value) = model.process_text(program, process, "command") else { continue };
            let words = match split_command(&value) {
                Ok(words) => words,
                // If a comment cuts off the closing quote, it is reported at the comment.
                Err(SplitFault::OpenQuote(at)) if cutting_comment(&located.entry, at).is_some() => continue,
                Err(fault) => {
                    let (at, text) = match fault {
                        SplitFault::OpenQuote(at) => (at, "this quote in `command` is not closed"),
                        SplitFault::TrailingEscape(at) => {
                            (at, "`command` ends with `\\`, which escapes nothing")
                        }
                    };
                    findings.warning(
                        "unbalanced-quotes",
                        located.place(at),
                        format!("{text}, so the program cannot start"),
                        "close the quote, or write `\\` before a literal quote or backslash",
                    );
                    continue;
                }
            };
            let Some(first) = words.first() else {
                findings.warning(
                    "empty-command",
                    located.value_place(),
                    "`command` is empty, so the program cannot start",
                    "write `command=/PATH/TO/PROGRAM`",
                );
                continue;
            };
            program_file(model, program, process, first, located.place(first.at), findings);
            if let Some(word) = words.iter().skip(1).find(|word| needs_shell(word)) {
                findings.warning(
                    "shell-syntax",
                    located.place(word.at),
                    format!(
                        "the program gets {} as a literal argument: Supervisor runs `command` without a shell",
                        shown(&word.text)
                    ),
                    "write `command=/bin/sh -c \"exec ...\"`, or quote the word to keep it literal",
                );
            }
        }
    }
}

fn program_file(
    model: &Model<'_>,
    program: &Program<'_>,
    process: &Process,
    word: &Word,
    place: Place,
    findings: &mut Findings<'_>,
) {
    let name = &word.text;
    if name.starts_with("~/") {
        findings.warning(
            "tilde-not-expanded",
            place,
            "Supervisor does not expand `~` in `command`, so the program cannot start",
            "write the absolute path",
        );
    } else if name.contains('/') && !name.starts_with('/') {
        relative(model, program, process, name, place, findings);
    } else {
        let (state, searched) = find(model, process, name);
        let searched = if state == CommandState::Missing { searched } else { String::new() };
        if let Some((code, text)) = wrong(state, &shown(name), &searched) {
            findings.warning(code, place, text, "install the program or correct the path");
        }
    }
}

/// supervisord looks up a relative command in its working directory, then runs it relative to `directory`.
fn relative(
    model: &Model<'_>,
    program: &Program<'_>,
    process: &Process,
    name: &str,
    place: Place,
    findings: &mut Findings<'_>,
) {
    let directory = model.process_text(program, process, "directory").map(|text| text.to_string());
    let own = model.host.working_directory();
    if !model.host.knows_working_directory() {
        let text = match &directory {
            Some(directory) => format!(
                "supervisord looks for {} in its own working directory, then runs it in {}: it must exist in both",
                shown(name),
                shown(directory)
            ),
            None => format!("supervisord looks for {} in its own working directory", shown(name)),
        };
        findings.warning("relative-command", place, text, "write the absolute path");
        return;
    }
    let directories = [Some(own.to_owned()), directory.map(|directory| own.join(directory))];
    for (directory, role) in
        directories.into_iter().zip(["supervisord looks for it there", "supervisord runs it there"])
    {
        let Some(directory) = directory else { continue };
        let state = model.host.command_at(&directory.join(name));
        let directory = shown(&directory.to_string_lossy());
        if let Some((code, text)) = wrong(state, &shown(name), &format!(" in {directory}")) {
            findings.warning(code, place, format!("{text}, but {role}"), "write the absolute path");
            return;
        }
    }
}

/// The code and text of a finding about a program file.
fn wrong(state: CommandState, name: &str, place: &str) -> Option<(&'static str, String)> {
    Some(match state {
        CommandState::Runnable => return None,
        CommandState::Missing => ("host-command-not-found", format!("program {name} not found{place}")),
        CommandState::Directory => ("host-command-is-directory", format!("{name}{place} is a directory")),
        CommandState::NotExecutable => {
            ("host-command-not-executable", format!("{name}{place} is not executable"))
        }
    })
}

/// What supervisord finds, and the directories where it searches for a name without a slash.
fn find(model: &Model<'_>, process: &Process, name: &str) -> (CommandState, String) {
    if name.contains('/') {
        return (model.host.command(name), String::new());
    }
    let path = model.search_path(process);
    // supervisord uses the first file of that name, executable or not.
    let mut states = path.split(':').map(|directory| model.host.command(&format!("{directory}/{name}")));
    let state = states.find(|state| *state != CommandState::Missing).unwrap_or(CommandState::Missing);
    (state, format!(" in {path}"))
}

fn needs_shell(word: &Word) -> bool {
    let variable =
        |rest: &str| rest.starts_with(|char: char| char.is_ascii_alphabetic() || matches!(char, '_' | '{'));
    let text = &word.text;
    !word.quoted
        && (OPERATORS.iter().any(|operator| text.starts_with(operator))
            || text.ends_with(';')
            || text.split('$').skip(1).any(variable))
}
