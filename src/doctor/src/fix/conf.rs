// SPDX-License-Identifier: GPL-3.0-or-later
//! Changes of one line in one of the lamp's Supervisor files. All other lines stay unchanged.

use programs::paths;
use runtime::quoting::{quoted, visible};

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Set a key.
    Key { key: &'static str, value: String },
    /// Rename the section to that of the program.
    Section { from: String },
    /// Add an option to the command.
    AddOption(&'static str),
    /// Remove an option from the command.
    RemoveOption { letter: char, has_value: bool },
    /// Run another program.
    Call(&'static str),
}

impl Edit {
    /// What to do, in the imperative.
    pub(crate) fn sentence(&self, program: &str) -> String {
        let conf = paths::conf(program);
        match self {
            Self::Key { key, value } => format!("Set {} in {conf}", visible(&format!("{key}={value}"))),
            Self::Section { from } => {
                format!("Rename the section [{}] to [program:{program}] in {conf}", visible(from))
            }
            Self::AddOption(option) => format!("Add {option} to the command in {conf}"),
            Self::RemoveOption { letter, .. } => format!("Remove -{letter} from the command in {conf}"),
            Self::Call(path) => format!("Change the command in {conf} to run {}", quoted(path)),
        }
    }

    /// The text with the change; `None` if it has no line to change.
    pub(crate) fn applied(&self, text: &str, program: &str) -> Option<String> {
        let section = match self {
            Self::Section { from } => from.clone(),
            _ => format!("program:{program}"),
        };
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        let header = lines.iter().position(|line| header(line) == Some(&section))?;
        let after = &lines[header + 1..];
        let end = after
            .iter()
            .position(|line| self::header(line).is_some())
            .map_or(lines.len(), |at| header + 1 + at);
        match self {
            Self::Key { key, value } => {
                let end_of_line = end_of_line(&lines[header]);
                let new = format!("{key}={value}{end_of_line}");
                let found: Vec<usize> = (header + 1..end).filter(|at| has_key(&lines[*at], key)).collect();
                let Some((first, others)) = found.split_first() else {
                    if !lines[header].ends_with('\n') {
                        lines[header].push('\n');
                    }
                    lines.insert(header + 1, new);
                    return Some(lines.concat());
                };
                // The last of several takes effect. An indented line continues the value above it.
                let mut old: Vec<usize> = others.to_vec();
                for at in &found {
                    old.extend((at + 1..end).take_while(|next| is_continuation(&lines[*next])));
                }
                lines[*first] = new;
                old.sort_unstable();
                for at in old.into_iter().rev() {
                    lines.remove(at);
                }
            }
            Self::Section { .. } => {
                lines[header] =
                    lines[header].replacen(&format!("[{section}]"), &format!("[program:{program}]"), 1);
            }
            _ => {
                let at = (header + 1..end).rev().find(|at| has_key(&lines[*at], "command"))?;
                lines[at] = self.command(&lines[at])?;
            }
        }
        Some(lines.concat())
    }

    /// A line `command=...` with the change.
    fn command(&self, line: &str) -> Option<String> {
        let value = line.find(['=', ':'])? + 1;
        // A comment sign after a blank ends the value.
        let end = [" ;", "\t;", " #", "\t#"].iter().filter_map(|sign| line[value..].find(sign)).min();
        let end = end.map_or(line.trim_end().len(), |end| value + end);
        let (before, call, after) =
            (&line[..value], line[value..end].trim_end(), &line[value..][end - value..]);
        let words: Vec<&str> = call.split_whitespace().collect();
        let call = match self {
            Self::AddOption(option) => format!("{call} {option}"),
            Self::RemoveOption { letter, has_value } => without(&words, *letter, *has_value),
            Self::Call(path) => [&[*path], words.get(1..)?].concat().join(" "),
            Self::Key { .. } | Self::Section { .. } => return None,
        };
        Some(format!("{before}{call}{after}"))
    }
}

/// The words without an option of one letter. The option may be in one word with others, and its value in the
/// same word or the next one.
fn without(words: &[&str], letter: char, has_value: bool) -> String {
    let mut left = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let found = word.strip_prefix('-').and_then(|letters| letters.find(letter));
        match found {
            Some(at) if !word.starts_with("--") => {
                let (before, rest) = (&word[..=at], &word[at + 1 + letter.len_utf8()..]);
                let rest = if has_value { "" } else { rest };
                if has_value && word[at + 1 + letter.len_utf8()..].is_empty() {
                    words.next();
                }
                if before.len() + rest.len() > 1 {
                    left.push(format!("{before}{rest}"));
                }
            }
            _ => left.push((*word).to_owned()),
        }
    }
    left.join(" ")
}

/// The name of the section that a line begins.
fn header(line: &str) -> Option<&str> {
    Some(line.strip_prefix('[')?.split_once(']')?.0)
}

fn has_key(line: &str, key: &str) -> bool {
    !line.starts_with([' ', '\t', ';', '#'])
        && line.split_once(['=', ':']).is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case(key))
}

fn is_continuation(line: &str) -> bool {
    line.starts_with([' ', '\t']) && !line.trim().is_empty()
}

fn end_of_line(line: &str) -> &'static str {
    if line.ends_with("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use super::Edit;

    #[test]
    fn changes_only_the_intended_line() {
        let key = |key, value: &str| Edit::Key { key, value: value.into() };
        let remove = |letter, has_value| Edit::RemoveOption { letter, has_value };
        let begin = "; x\n[program:p]\n";
        for (edit, before, after) in [
            (key("user", "pi"), "command=c\n", "user=pi\ncommand=c\n"),
            (key("user", "pi"), "command=c\nUser : root\nx=1\n", "command=c\nuser=pi\nx=1\n"),
            (key("user", "pi"), "user=a\nuser=b\n[program:q]\nuser=c\n", "user=pi\n[program:q]\nuser=c\n"),
            (
                key("environment", "A=\"1\""),
                "environment=B=\"2\",\n  C=\"3\"\nx=1\n",
                "environment=A=\"1\"\nx=1\n",
            ),
            (
                Edit::AddOption("-l"),
                "command = pigpiod -g ; why\nx=1\n",
                "command = pigpiod -g -l ; why\nx=1\n",
            ),
            (Edit::AddOption("-l"), "command=pigpiod", "command=pigpiod -l"),
            (remove('v', false), "command=pigpiod -g -v -l\n", "command=pigpiod -g -l\n"),
            (remove('v', false), "command=pigpiod -gvl\n", "command=pigpiod -gl\n"),
            (remove('p', true), "command=pigpiod -g -p 8889 -l\n", "command=pigpiod -g -l\n"),
            (remove('p', true), "command=pigpiod -gp8889 -l\n", "command=pigpiod -g -l\n"),
            (Edit::Call("/x"), "command=pigpiod -g\n", "command=/x -g\n"),
        ] {
            assert_eq!(
                edit.applied(&format!("{begin}{before}"), "p"),
                Some(format!("{begin}{after}")),
                "{edit:?} {before}"
            );
        }
        let section = Edit::Section { from: "program:q".into() };
        assert_eq!(section.applied("[program:q] ; x\na=1\n", "p").as_deref(), Some("[program:p] ; x\na=1\n"));
        assert_eq!(section.applied("[program:p]\n", "p"), None);
        assert_eq!(Edit::AddOption("-l").applied("[program:p]\nx=1\n", "p"), None);
    }
}
