// SPDX-License-Identifier: GPL-3.0-or-later
//! Commands that supervisord accepts and cannot start, or starts with other arguments than it seems.

use super::syntax::cutting_comment;
use super::{Findings, Rule, shown};
use crate::configuration::Place;
use crate::host::CommandState;
use crate::model::{Model, Process};
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
            program_file(model, process, first, located.place(first.at), findings);
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
        findings.warning(
            "relative-command",
            place,
            format!(
                "supervisord looks for {} from its own working folder, not from `directory`",
                shown(name)
            ),
            "write the whole path",
        );
    } else {
        let (state, searched) = find(model, process, name);
        let (code, text) = match state {
            CommandState::Runnable => return,
            CommandState::Missing => {
                ("command-not-found", format!("there is no program {}{searched}", shown(name)))
            }
            CommandState::Directory => ("command-is-directory", format!("{} is a folder", shown(name))),
            CommandState::NotExecutable => {
                ("command-not-executable", format!("{} is not executable", shown(name)))
            }
        };
        findings.warning(code, place, text, "install it, or correct the path");
    }
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
