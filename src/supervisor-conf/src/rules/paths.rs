// SPDX-License-Identifier: GPL-3.0-or-later
//! `$NAME` in paths, which only a shell expands.

use super::{Findings, Rule, shown};
use crate::configuration::Located;
use crate::model::Model;
use crate::shlex::environment;
use crate::text::Position;

pub(super) const RULES: &[Rule] = &[variables];

/// Keys with paths as values; a longer key may end with one.
const PATHS: [&str; 8] =
    ["logfile", "pidfile", "childlogdir", "directory", "file", "files", "socket", "history_file"];

fn variables(model: &Model<'_>, findings: &mut Findings<'_>) {
    for section in &model.configuration.sections {
        if section.kind.keys().is_none() {
            continue;
        }
        for located in model.configuration.entries(section) {
            let key = located.entry.key.as_str();
            if key == "environment" {
                of_environment(located, findings);
            } else if key != "command" && PATHS.iter().any(|path| key.ends_with(path)) {
                let chars = located.entry.value.chars();
                let text = located.entry.value.to_string();
                if let Some((index, name)) = variable(&text)
                    && let Some((_, at)) = chars.get(text[..index].chars().count())
                {
                    report(located, &format!("`{key}`"), &name, *at, findings);
                }
            }
        }
    }
}

/// Variables such as `PATH="$PATH:/opt/bin"`. Other values may contain a dollar sign.
fn of_environment(located: &Located, findings: &mut Findings<'_>) {
    for pair in environment(&located.entry.value).unwrap_or_default() {
        let is_path = ["PATH", "HOME", "DIR"].iter().any(|end| pair.name.to_uppercase().ends_with(end));
        if is_path && let Some((_, name)) = variable(&pair.value) {
            report(located, &pair.name, &name, pair.at, findings);
        }
    }
}

fn report(located: &Located, what: &str, name: &str, at: Position, findings: &mut Findings<'_>) {
    let bare = name.trim_matches(['$', '{', '}']);
    findings.warning(
        "shell-syntax",
        located.place(at),
        format!("{} in {what} is not expanded: Supervisor does not use a shell", shown(name)),
        format!("write `%(ENV_{bare})s` or the path itself"),
    );
}

/// The first `$NAME` or `${NAME}` in a text, and its byte offset.
pub(super) fn variable(text: &str) -> Option<(usize, String)> {
    text.match_indices('$').find_map(|(index, _)| {
        let rest = &text[index + 1..];
        let (open, name) = match rest.strip_prefix('{') {
            Some(inner) => (true, inner),
            None => (false, rest),
        };
        let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
        let length = name.find(|char| !is_name(char)).unwrap_or(name.len());
        let begins = name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
        if !begins || (open && !name[length..].starts_with('}')) {
            return None;
        }
        let end = index + 1 + if open { length + 2 } else { length };
        Some((index, text[index..end].to_owned()))
    })
}
