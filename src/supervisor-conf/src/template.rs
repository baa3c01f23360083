// SPDX-License-Identifier: GPL-3.0-or-later
//! Detects files that are templates of a configuration.

use crate::text::Position;

/// The sign that a file is a template.
#[derive(Debug)]
pub(crate) struct Sign {
    /// The template language.
    pub kind: &'static str,
    pub at: Position,
    /// The placeholder.
    pub text: String,
}

/// A single `${NAME}` may be a mistake; this number of settings with one makes a template.
const MANY: usize = 3;

/// The kind of a `${NAME}`, which may also be a mistake or meant for a shell.
const ENVSUBST: &str = "envsubst";

/// The first sign of a template, in the lines of a file.
pub(crate) fn sign(lines: &[&str]) -> Option<Sign> {
    let mut key = String::new();
    let mut possible: Vec<Sign> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let content = line.trim();
        if content.is_empty() || content.starts_with([';', '#']) {
            continue;
        }
        let is_continued = line.starts_with([' ', '\t']) && !key.is_empty();
        let (value, is_header) = if content.starts_with('[') && !is_continued {
            key.clear();
            (content, true)
        } else if let Some((name, value)) = content.split_once('=').filter(|_| !is_continued) {
            key = name.trim().to_lowercase();
            (value.trim(), false)
        } else {
            (content, false)
        };
        let found = |kind, text: &str| {
            let before = line.find(text).unwrap_or(0);
            let column = line[..before].chars().count() + 1;
            Sign { kind, at: Position { line: index + 1, column }, text: text.to_owned() }
        };
        if let Some(block) = block(content) {
            return Some(found(block.0, block.1));
        }
        let outside = if key == "command" { unquoted(value) } else { value.to_owned() };
        if let Some(text) = braces(value, &outside).or_else(|| braces(&key, &key)) {
            return Some(found("Jinja or Go", &text));
        }
        if let Some(text) = enclosed(&outside, '<', '>', is_angled).filter(|_| key != "environment") {
            return Some(found("with angle brackets", &text));
        }
        if let Some(text) = enclosed(&outside, '@', '@', is_identifier)
            && !matches!(key.as_str(), "environment" | "password" | "username")
        {
            return Some(found("configure", &text));
        }
        if let Some(text) = substitution(&outside) {
            if is_header || is_certain(&key) {
                return Some(found(ENVSUBST, &text));
            }
            if key != "command" && key != "environment" {
                possible.push(found(ENVSUBST, &text));
            }
        }
    }
    (possible.len() >= MANY).then(|| possible.swap_remove(0))
}

/// Whether a shell variable makes no sense in this key.
fn is_certain(key: &str) -> bool {
    const PATHS: [&str; 8] =
        ["command", "environment", "directory", "file", "files", "history_file", "socket", "serverurl"];
    !PATHS.contains(&key)
        && !["logfile", "pidfile", "childlogdir"].iter().any(|path| key.ends_with(path))
        && crate::schema::all_keys().any(|(known, _)| known == key)
}

/// A statement of a template language.
fn block(content: &str) -> Option<(&'static str, &'static str)> {
    if content.starts_with("{%") {
        return Some(("Jinja", "{%"));
    }
    if content.starts_with("{#") {
        return Some(("Jinja", "{#"));
    }
    content.contains("<%").then_some(("ERB", "<%"))
}

/// `{{ name }}`. In quotes in a command, a name that starts with a dot is probably for the program.
fn braces(value: &str, outside: &str) -> Option<String> {
    let start = value.find("{{")?;
    let inner = value[start + 2..].trim_start_matches(['-', '~', ' ', '{']);
    let first = inner.chars().next()?;
    let is_name = first.is_ascii_alphabetic() || first == '_';
    let is_template = is_name || (matches!(first, '.' | '$' | '"') && outside.contains("{{"));
    let end = value[start..].find("}}").map_or(value.len(), |end| start + end + 2);
    is_template.then(|| value[start..end].to_owned())
}

/// `${NAME}` or `${NAME:-default}`.
fn substitution(value: &str) -> Option<String> {
    let start = value.find("${")?;
    let inner = &value[start + 2..];
    let end = inner.find('}')?;
    let name = inner[..end].split(':').next().unwrap_or("");
    is_identifier(name).then(|| value[start..start + end + 3].to_owned())
}

/// The first separate text between two signs that `fits` accepts, with its signs.
fn enclosed(value: &str, open: char, close: char, fits: fn(&str) -> bool) -> Option<String> {
    let mut from = 0;
    while let Some(start) = value[from..].find(open).map(|start| from + start) {
        from = start + open.len_utf8();
        let end = from + value[from..].find(close)?;
        let before = value[..start].chars().next_back();
        let after = value[end + close.len_utf8()..].chars().next();
        let alone = |char: Option<char>| char.is_none_or(|char| !char.is_alphanumeric() && char != close);
        if fits(&value[from..end]) && alone(before) && alone(after) {
            return Some(value[start..end + close.len_utf8()].to_owned());
        }
    }
    None
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}

/// `<the user>`, and not `<in >out`.
fn is_angled(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_alphabetic())
        && name.ends_with(|char: char| char.is_ascii_alphanumeric())
        && name.chars().all(|char| char.is_ascii_alphanumeric() || "_-./ ".contains(char))
}

/// A command without its quoted parts.
fn unquoted(command: &str) -> String {
    let mut quote = None;
    let outside = command.chars().filter(|char| match (quote, *char) {
        (None, '"' | '\'') => {
            quote = Some(*char);
            false
        }
        (None, _) => true,
        (Some(open), char) => {
            if char == open {
                quote = None;
            }
            false
        }
    });
    outside.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(line: &str) -> Option<&'static str> {
        sign(&["[program:app]", line]).map(|sign| sign.kind)
    }

    #[test]
    fn distinguishes_placeholders_from_arguments() {
        for (line, expected) in [
            ("user={{ app_user }}", Some("Jinja or Go")),
            ("environment=KEY=\"{{ key }}\"", Some("Jinja or Go")),
            ("{% if debug %}", Some("Jinja")),
            ("command=<%= @command %>", Some("ERB")),
            ("user=${APP_USER}", Some("envsubst")),
            ("command=/srv/<app>/run", Some("with angle brackets")),
            ("directory=@prefix@/share", Some("configure")),
            ("command=docker inspect --format '{{.State.Status}}' app", None),
            ("command=sh -c \"exec ${APP} --port $PORT\"", None),
            ("command=app <input >output", None),
            ("directory=${HOME}/app", None),
            ("environment=MAIL=\"a@b.c,d@e.f\"", None),
            ("command=app --mail root@example.org --to a@example.org", None),
        ] {
            assert_eq!(kind(line), expected, "{line}");
        }
    }

    #[test]
    fn treats_three_settings_with_variables_as_a_template() {
        let lines = ["[program:a]", "directory=${APP}", "stdout_logfile=${LOG}/a", "stderr_logfile=${LOG}/b"];
        assert_eq!(sign(&lines).unwrap().at, Position { line: 2, column: 11 });
        assert!(sign(&lines[..3]).is_none());
    }
}
