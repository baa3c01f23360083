// SPDX-License-Identifier: GPL-3.0-or-later
//! Reads one file like Supervisor: Python's `RawConfigParser` with `;` and `#` as inline comments, duplicates
//! allowed, and indented lines that continue a value.
//!
//! Unlike supervisord, this parser continues after a fault, so one run reports all faults.

use std::borrow::Cow;

use crate::directives::{self, Directive, Reach};
use crate::template::{self, Sign};
use crate::text::{Position, Text, is_space};

/// The content of one file.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// In the order of the file; a section that is defined twice occurs twice.
    pub parts: Vec<SectionPart>,
    pub faults: Vec<SyntaxFault>,
    /// Comments for the checker.
    pub directives: Vec<Directive>,
    /// The sign that the file is a template.
    pub template: Option<Sign>,
}

/// A section header and the keys below it.
#[derive(Debug)]
pub(crate) struct SectionPart {
    pub header: String,
    pub at: Position,
    /// Text after the closing bracket, which supervisord ignores.
    pub trailing: Text,
    pub entries: Vec<Entry>,
}

/// One key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// In lower case, like Supervisor.
    pub key: String,
    pub written_key: String,
    pub at: Position,
    pub value: Text,
    pub comments: Vec<InlineComment>,
}

/// A comment after a value, on the same line.
#[derive(Clone, Debug)]
pub(crate) struct InlineComment {
    /// Position of its `;` or `#`.
    pub at: Position,
    /// Number of blanks before it; 0 at the start of a line.
    pub gap: usize,
    /// The comment with its `;` or `#`.
    pub text: String,
}

/// A line for which supervisord refuses the whole configuration.
#[derive(Debug)]
pub(crate) struct SyntaxFault {
    pub at: Position,
    pub kind: SyntaxFaultKind,
}

#[derive(Debug)]
pub(crate) enum SyntaxFaultKind {
    NotUtf8,
    ByteOrderMark,
    MissingSectionHeader,
    /// With the header that was probably meant.
    OpenHeader(String),
    NoDelimiter,
    NoKey,
}

/// Some editors write this character at the start of a file. Python does not skip it.
const BYTE_ORDER_MARK: char = '\u{feff}';

pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    let mut parser = Parser::default();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(error) => {
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let lines = lines(&valid);
            let at = match lines.last() {
                Some(last) if !valid.ends_with(['\n', '\r']) => {
                    Position { line: lines.len(), column: last.chars().count() + 1 }
                }
                _ => Position { line: lines.len() + 1, column: 1 },
            };
            parser.fault(at, SyntaxFaultKind::NotUtf8);
            String::from_utf8_lossy(bytes)
        }
    };
    let content = text.strip_prefix(BYTE_ORDER_MARK);
    if content.is_some() {
        parser.fault(Position { line: 1, column: 1 }, SyntaxFaultKind::ByteOrderMark);
    }
    let content = content.unwrap_or(&text);
    let lines = lines(content);
    for (index, line) in lines.iter().enumerate() {
        parser.line(&Text::of_line(index + 1, line));
    }
    let mut parsed = parser.finish();
    // Binary data may look like a template.
    if std::str::from_utf8(bytes).is_ok() {
        parsed.template = template::sign(&lines);
    }
    parsed
}

/// Splits at `\n`, `\r\n` and `\r`, like Python's text files.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        lines.push(&rest[..end]);
        let line_end = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = rest.get(end + line_end..).unwrap_or("");
    }
    lines
}

#[derive(Default)]
struct Parser {
    parts: Vec<SectionPart>,
    faults: Vec<SyntaxFault>,
    /// Whether the last entry of the last part can be continued.
    entry_open: bool,
    indentation: usize,
    directives: Vec<Directive>,
    /// supervisord stops at the first line without a section, so one finding is enough.
    missing_header_reported: bool,
}

impl Parser {
    fn fault(&mut self, at: Position, kind: SyntaxFaultKind) {
        self.faults.push(SyntaxFault { at, kind });
    }

    fn line(&mut self, line: &Text) {
        let comment_start = comment_start(line);
        let content = line.slice(0, comment_start.unwrap_or(line.len())).trimmed();
        self.directive(line, comment_start, content.is_empty());
        if content.is_empty() {
            // An empty line can be part of a value; a comment cannot.
            if comment_start.is_none()
                && let Some(entry) = self.open_entry()
            {
                entry.value.push('\n', line.end());
            }
            return;
        }
        let comment = comment_start.map(|start| inline_comment(line, start));
        let indentation = line.find(|char| !is_space(char)).unwrap_or(0);
        if indentation > self.indentation
            && let Some(entry) = self.open_entry()
        {
            entry.value.push('\n', content.at());
            entry.value.append(&content);
            entry.comments.extend(comment);
            return;
        }
        self.indentation = indentation;
        if let Some(part) = section_header(&content) {
            self.parts.push(part);
            self.entry_open = false;
        } else if self.parts.is_empty() {
            if !self.missing_header_reported {
                let kind = open_header(&content)
                    .map_or(SyntaxFaultKind::MissingSectionHeader, SyntaxFaultKind::OpenHeader);
                self.fault(content.at(), kind);
                self.missing_header_reported = true;
            }
        } else if let Some(delimiter) = content.find(|char| char == '=' || char == ':') {
            let key = content.slice(0, delimiter).trimmed_end();
            if key.is_empty() {
                self.fault(content.at(), SyntaxFaultKind::NoKey);
            }
            self.entry_open = !key.is_empty();
            let written_key = key.to_string();
            let entry = Entry {
                key: written_key.to_lowercase(),
                written_key,
                at: content.at(),
                value: content.slice(delimiter + 1, content.len()).trimmed(),
                comments: comment.into_iter().collect(),
            };
            if self.entry_open {
                self.parts.last_mut().expect("there is a section").entries.push(entry);
            }
        } else {
            let kind =
                open_header(&content).map_or(SyntaxFaultKind::NoDelimiter, SyntaxFaultKind::OpenHeader);
            self.fault(content.at(), kind);
        }
    }

    /// Records a comment for the checker, and where it applies.
    fn directive(&mut self, line: &Text, comment_start: Option<usize>, stands_alone: bool) {
        let Some(at) = line.chars().first().map(|(_, at)| at.line) else { return };
        if !stands_alone {
            for directive in &mut self.directives {
                directive.reach.ends_at(at);
            }
        }
        let Some(start) = comment_start else { return };
        let comment = line.slice(start, line.len());
        let reach = match (stands_alone, self.parts.is_empty()) {
            (false, _) => Reach::Line(at),
            (true, true) => Reach::File,
            (true, false) => Reach::NextLine,
        };
        self.directives.extend(directives::read(&comment, reach));
    }

    fn open_entry(&mut self) -> Option<&mut Entry> {
        if self.entry_open { self.parts.last_mut()?.entries.last_mut() } else { None }
    }

    fn finish(mut self) -> Parsed {
        for entry in self.parts.iter_mut().flat_map(|part| &mut part.entries) {
            entry.value = entry.value.trimmed_end();
        }
        Parsed { parts: self.parts, faults: self.faults, directives: self.directives, template: None }
    }
}

/// The start of the comment that ends the content of the line.
///
/// Python searches for the first `;` and the first `#`, then for the second ones, and so on. It stops at the
/// round in which one of them follows a blank. These rounds decide which of two comment signs cuts the line.
fn comment_start(line: &Text) -> Option<usize> {
    let chars = line.chars();
    if line.find(|char| !is_space(char)).is_some_and(|first| matches!(chars[first].0, ';' | '#')) {
        return Some(0);
    }
    let places = |sign: char| {
        chars.iter().enumerate().filter(move |(_, (char, _))| *char == sign).map(|(index, _)| index)
    };
    let (mut semicolons, mut hashes) = (places(';'), places('#'));
    loop {
        let round = [semicolons.next(), hashes.next()];
        if round == [None, None] {
            return None;
        }
        let starts = |index: &usize| *index == 0 || is_space(chars[*index - 1].0);
        if let Some(start) = round.into_iter().flatten().filter(starts).min() {
            return Some(start);
        }
    }
}

fn inline_comment(line: &Text, start: usize) -> InlineComment {
    let before = line.slice(0, start);
    InlineComment {
        at: line.chars()[start].1,
        gap: before.len() - before.trimmed_end().len(),
        text: line.slice(start, line.len()).trimmed_end().to_string(),
    }
}

/// The intended header of a line without a closing bracket.
fn open_header(content: &Text) -> Option<String> {
    let content = content.to_string();
    let header = content.strip_prefix('[')?;
    Some(header.trim_end_matches([')', '}', '>', ' ']).to_owned())
}

/// A header is the text between a `[` at the start and the last `]` of the line; supervisord ignores the
/// rest.
fn section_header(content: &Text) -> Option<SectionPart> {
    let close = content.chars().iter().rposition(|(char, _)| *char == ']')?;
    if content.chars()[0].0 != '[' || close < 2 {
        return None;
    }
    Some(SectionPart {
        header: content.slice(1, close).to_string(),
        at: content.at(),
        trailing: content.slice(close + 1, content.len()).trimmed(),
        entries: Vec::new(),
    })
}
