// SPDX-License-Identifier: GPL-3.0-or-later
//! Lines that Supervisor reads in an unexpected way.

use super::{Findings, Rule, shown};
use crate::configuration::Place;
use crate::directives::is_directive;
use crate::model::Model;
use crate::parser::{Entry, InlineComment, SectionPart, SyntaxFaultKind};
use crate::schema::SectionKind;
use crate::shlex::{SplitFault, environment, split_command};
use crate::text::{Position, Text};

pub(super) const RULES: &[Rule] = &[unreadable_line, text_after_header, swallowed_line, cut_value, nul_byte];

fn unreadable_line(model: &Model<'_>, findings: &mut Findings<'_>) {
    for (file, content) in model.configuration.files.iter().enumerate() {
        for fault in &content.parsed.faults {
            let (code, text, fix) = match fault.kind {
                SyntaxFaultKind::NotUtf8 => {
                    ("not-utf8", "this byte is not valid UTF-8", "save the file as UTF-8")
                }
                SyntaxFaultKind::ByteOrderMark => (
                    "byte-order-mark",
                    "the file starts with a byte order mark, which supervisord reads as text before the first section",
                    "save the file as UTF-8 without BOM",
                ),
                SyntaxFaultKind::MissingSectionHeader => (
                    "missing-section-header",
                    "this line is before the first section header",
                    "add a header such as [program:NAME] above it",
                ),
                SyntaxFaultKind::OpenHeader(ref header) => {
                    findings.error(
                        "not-a-setting",
                        Place { file, at: fault.at },
                        "this section header has no closing bracket",
                        format!("write {}", shown(&format!("[{header}]"))),
                    );
                    continue;
                }
                SyntaxFaultKind::NoDelimiter => (
                    "not-a-setting",
                    "this line is not a section header, a comment or a `key=value` setting",
                    "write `key=value`, or indent the line to continue the value above",
                ),
                SyntaxFaultKind::NoKey => {
                    ("no-key", "this line has no key before its `=` or `:`", "write `key=value`")
                }
            };
            findings.error(code, Place { file, at: fault.at }, text, fix);
        }
    }
}

fn text_after_header(model: &Model<'_>, findings: &mut Findings<'_>) {
    for_each_part(model, |file, part| {
        if !part.trailing.is_empty() {
            findings.warning(
                "text-after-header",
                Place { file, at: part.trailing.at() },
                format!("supervisord ignores {} after the section header", shown(&part.trailing.to_string())),
                "move it to its own line",
            );
        }
    });
}

/// An indented section header or setting continues the value above it.
fn swallowed_line(model: &Model<'_>, findings: &mut Findings<'_>) {
    for_each_entry(model, |file, part, entry| {
        let Swallowed { first: Some(at), headers, keys } = swallowed(entry, part) else { return };
        // The newline before it has the same position.
        let is_before = |(char, place): &&(char, Position)| *place != at || *char == '\n';
        let line = entry.value.chars().iter().skip_while(is_before).map(|(char, _)| *char);
        let content: String = line.take_while(|char| *char != '\n').collect();
        let others = headers.len() + keys.len() - 1;
        let fix = match others {
            0 => "remove the indentation".to_owned(),
            _ => format!("remove the indentation of this line and of {others} more below it"),
        };
        findings.warning(
            "swallowed-line",
            Place { file, at },
            format!(
                "{} is indented, so supervisord reads it as part of the value of `{}`",
                shown(&content),
                entry.key
            ),
            fix,
        );
    });
}

/// Settings and section headers that are part of an entry's value because their lines are indented.
pub(super) struct Swallowed {
    /// The position of the first.
    pub first: Option<Position>,
    pub headers: Vec<String>,
    pub keys: Vec<String>,
}

pub(super) fn swallowed(entry: &Entry, part: &SectionPart) -> Swallowed {
    let mut swallowed = Swallowed { first: None, headers: Vec::new(), keys: Vec::new() };
    // A variable may have the same name as a key.
    if entry.key == "environment" && environment(&entry.value).is_ok() {
        return swallowed;
    }
    let mut kind = SectionKind::of(&part.header);
    for line in entry.value.split('\n').iter().skip(1) {
        let content = line.to_string();
        if let Some(header) = header_in(&content) {
            kind = SectionKind::of(header);
            swallowed.headers.push(header.to_owned());
        } else if let Some(key) = key_in(&content, kind) {
            swallowed.keys.push(key.to_owned());
        } else {
            continue;
        }
        swallowed.first.get_or_insert(line.at());
    }
    swallowed
}

fn header_in(line: &str) -> Option<&str> {
    let (header, _) = line.strip_prefix('[')?.split_once(']')?;
    (SectionKind::of(header) != SectionKind::Unknown).then_some(header)
}

fn key_in(line: &str, kind: SectionKind) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim_end();
    let mut known = kind.keys().unwrap_or_default().iter().copied().flatten();
    known.any(|known| known.name == key).then_some(key)
}

/// A `;` or `#` that was probably meant as part of the value.
fn cut_value(model: &Model<'_>, findings: &mut Findings<'_>) {
    for_each_entry(model, |file, _, entry| {
        let Some(comment) = entry.comments.iter().find(|comment| !is_directive(&comment.text)) else {
            return;
        };
        let place = Place { file, at: comment.at };
        let suspicious = match entry.key.as_str() {
            "command" => {
                if let Err(SplitFault::OpenQuote(at)) = split_command(&entry.value)
                    && let Some(comment) = cutting_comment(entry, at)
                {
                    let (text, fix) = cut(entry, comment);
                    findings.warning("value-cut", Place { file, at: comment.at }, text, fix);
                    return;
                }
                true
            }
            "username" | "password" => true,
            "environment" => !complete_before(&entry.value, place),
            _ => false,
        };
        // More than one space usually precedes a real comment.
        if suspicious && comment.gap == 1 {
            let (text, fix) = cut(entry, comment);
            findings.warning("value-cut", place, text, fix);
        }
    });
}

/// The text and fix for a value that a comment cuts off.
pub(super) fn cut(entry: &Entry, comment: &InlineComment) -> (String, String) {
    let sign = &comment.text[..1];
    let text = format!(
        "` {sign}` starts a comment, even inside quotes, so {} is not part of `{}`",
        shown(&comment.text),
        entry.key
    );
    let fix = format!(
        "remove the space before `{sign}` if it belongs to the value, or move the comment to its own line"
    );
    (text, fix)
}

/// The comment that cuts off the closing quote of the text that starts at `quote`.
pub(super) fn cutting_comment(entry: &Entry, quote: Position) -> Option<&InlineComment> {
    let (char, _) = entry.value.chars().iter().find(|(_, at)| *at == quote)?;
    entry.comments.iter().find(|comment| comment.at > quote && comment.text.contains(*char))
}

/// Whether the text before a comment ends with a quote or a comma, so nothing seems to be missing.
fn complete_before(value: &Text, comment: Place) -> bool {
    let before = value.chars().iter().rfind(|(_, at)| *at < comment.at);
    before.is_none_or(|(char, _)| matches!(char, '"' | '\'' | ','))
}

/// supervisord cannot start a program with a NUL byte in an argument or variable.
fn nul_byte(model: &Model<'_>, findings: &mut Findings<'_>) {
    for_each_entry(model, |file, _, entry| {
        if let Some((_, at)) = entry.value.chars().iter().find(|(char, _)| *char == '\0') {
            findings.warning(
                "nul-byte",
                Place { file, at: *at },
                format!("`{}` contains a NUL byte", entry.key),
                "remove it; the file may be damaged",
            );
        }
    });
}

fn for_each_part(model: &Model<'_>, mut look: impl FnMut(usize, &SectionPart)) {
    for (file, content) in model.configuration.files.iter().enumerate() {
        for part in &content.parsed.parts {
            look(file, part);
        }
    }
}

fn for_each_entry(model: &Model<'_>, mut look: impl FnMut(usize, &SectionPart, &Entry)) {
    for_each_part(model, |file, part| {
        for entry in &part.entries {
            look(file, part, entry);
        }
    });
}
