// SPDX-License-Identifier: GPL-3.0-or-later
//! Commands that supervisord accepts and cannot start, or starts with other arguments than it seems.

use super::syntax::cutting_comment;
use super::{Findings, Rule, shown};
use crate::configuration::Place;
use crate::host::CommandState;
use crate::model::{Model, Process, Program};
use crate::shlex::{SplitFault, Word, split_command};

pub(super) const RULES: &[Rule] = &[command];

/// How words begin that only a shell understands.
const OPERATORS: &[&str] = &["|", "&", "<", ">", "1>", "2>"];

fn command(model: &Model<'_>, findings: &mut Findings<'_>) {
    for program in &model.programs {
        let Some(located) = model.configuration.get(program.section, "command") else { continue };
        for process in &program.processes {
            let Some(value) = model.process_text(program, process, "command") else { continue };
            let words = match split_command(&value) {
                Ok(words) => words,
                // That a comment took the second quote away is reported where the comment is.
                Err(SplitFault::OpenQuote(at)) if cutting_comment(&located.entry, at).is_some() => continue,
                Err(fault) => {
                    let (at, text) = match fault {
                        SplitFault::OpenQuote(at) => (at, "nothing closes this quote in `command`"),
                        SplitFault::TrailingEscape(at) => {
                            (at, "`\\` at the end of `command` stands before nothing")
                        }
                    };
                    findings.warning(
                        "unbalanced-quotes",
                        located.place(at),
                        format!("{text}, so it cannot be started"),
                        "close the quote, or put `\\` before a character that is meant literally",
                    );
                    continue;
                }
            };
            let Some(first) = words.first() else {
                findings.warning(
                    "empty-command",
                    located.value_place(),
                    "`command` is empty, so nothing can be started",
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
                        "{} is handed to the program as it stands, because no shell reads `command`",
                        shown(&word.text)
                    ),
                    "write `command=/bin/sh -c \"exec ...\"`, or quote the word if it is meant literally",
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
            "Supervisor does not replace `~` in `command`",
            "write the whole path",
        );
    } else if name.contains('/') && !name.starts_with('/') {
        relative(model, program, process, name, place, findings);
    } else {
        let (state, searched) = find(model, process, name);
        let searched = if state == CommandState::Missing { searched } else { String::new() };
        if let Some((code, text)) = wrong(state, &shown(name), &searched) {
            findings.warning(code, place, text, "install it, or correct the path");
        }
    }
}

/// supervisord looks for a relative command in its own working folder, and then runs it relative to `directory`.
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
                "supervisord looks for {} from its own working folder, and then runs it relative to {}: both have to have it",
                shown(name),
                shown(directory)
            ),
            None => format!("supervisord looks for {} from its own working folder", shown(name)),
        };
        findings.warning("relative-command", place, text, "write the whole path");
        return;
    }
    let folders = [Some(own.to_owned()), directory.map(|directory| own.join(directory))];
    for (folder, role) in folders.into_iter().zip(["supervisord looks for it in", "it is run relative to"]) {
        let Some(folder) = folder else { continue };
        let state = model.host.command_at(&folder.join(name));
        let folder = shown(&folder.to_string_lossy());
        if let Some((code, text)) = wrong(state, &shown(name), &format!(" in {folder}")) {
            findings.warning(code, place, format!("{text}, and {role} that folder"), "write the whole path");
            return;
        }
    }
}

/// The code and the text for what is found in place of a program.
fn wrong(state: CommandState, name: &str, place: &str) -> Option<(&'static str, String)> {
    Some(match state {
        CommandState::Runnable => return None,
        CommandState::Missing => ("host-command-not-found", format!("there is no program {name}{place}")),
        CommandState::Directory => ("host-command-is-directory", format!("{name}{place} is a folder")),
        CommandState::NotExecutable => {
            ("host-command-not-executable", format!("{name}{place} is not executable"))
        }
    })
}

/// What supervisord finds, and where it looked for a name without a slash.
fn find(model: &Model<'_>, process: &Process, name: &str) -> (CommandState, String) {
    if name.contains('/') {
        return (model.host.command(name), String::new());
    }
    let path = model.search_path(process);
    // supervisord takes the first file of that name, executable or not.
    let mut states = path.split(':').map(|folder| model.host.command(&format!("{folder}/{name}")));
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
