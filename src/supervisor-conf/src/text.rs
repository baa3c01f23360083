// SPDX-License-Identifier: GPL-3.0-or-later
//! Text that keeps the position of every character in its file.
//!
//! A value is stripped, joined over lines, expanded and split into words before a rule rejects it. With a
//! position for each character, every step can report the exact place.

use std::fmt::{self, Display};

/// A place in a file, both numbers counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub line: usize,
    pub column: usize,
}

/// Characters with their places.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// The position of the text, also if it is empty.
    start: Position,
    chars: Vec<(char, Position)>,
}

impl Text {
    pub(crate) fn empty_at(start: Position) -> Self {
        Self { start, chars: Vec::new() }
    }

    /// One line of a file, without its line end.
    pub(crate) fn of_line(number: usize, line: &str) -> Self {
        let chars = line
            .chars()
            .enumerate()
            .map(|(index, char)| (char, Position { line: number, column: index + 1 }))
            .collect();
        Self { start: Position { line: number, column: 1 }, chars }
    }

    pub(crate) fn push(&mut self, char: char, at: Position) {
        self.chars.push((char, at));
    }

    pub(crate) fn push_str(&mut self, text: &str, at: Position) {
        self.chars.extend(text.chars().map(|char| (char, at)));
    }

    pub(crate) fn append(&mut self, other: &Self) {
        self.chars.extend_from_slice(&other.chars);
    }

    pub(crate) fn chars(&self) -> &[(char, Position)] {
        &self.chars
    }

    pub(crate) fn len(&self) -> usize {
        self.chars.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// The position of the first visible character.
    pub(crate) fn at(&self) -> Position {
        self.chars.iter().find(|(char, _)| !is_space(*char)).map_or(self.start, |(_, at)| *at)
    }

    /// The position after the last character.
    pub(crate) fn end(&self) -> Position {
        self.chars.last().map_or(self.start, |(_, at)| Position { line: at.line, column: at.column + 1 })
    }

    pub(crate) fn find(&self, wanted: impl Fn(char) -> bool) -> Option<usize> {
        self.chars.iter().position(|(char, _)| wanted(*char))
    }

    /// The characters `from..to`; an empty result keeps its position.
    pub(crate) fn slice(&self, from: usize, to: usize) -> Self {
        let start = self.chars.get(from).map_or_else(|| self.end(), |(_, at)| *at);
        Self { start, chars: self.chars[from..to].to_vec() }
    }

    pub(crate) fn trimmed_end(&self) -> Self {
        let to = self.chars.iter().rposition(|(char, _)| !is_space(*char)).map_or(0, |last| last + 1);
        self.slice(0, to)
    }

    pub(crate) fn trimmed(&self) -> Self {
        let from = self.find(|char| !is_space(char)).unwrap_or(self.len());
        self.slice(from, self.len()).trimmed_end()
    }

    /// Replaces every `pattern`; the replacement has the position of the pattern's start.
    pub(crate) fn replaced(&self, pattern: &str, replacement: &str) -> Self {
        let length = pattern.chars().count();
        let mut replaced = Self::empty_at(self.start);
        let mut rest = self.chars.as_slice();
        while let Some(((char, at), behind)) = rest.split_first() {
            let head = rest.iter().take(length).map(|(char, _)| *char);
            if head.eq(pattern.chars()) {
                replaced.push_str(replacement, *at);
                rest = &rest[length..];
            } else {
                replaced.push(*char, *at);
                rest = behind;
            }
        }
        replaced
    }

    pub(crate) fn split(&self, separator: char) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut from = 0;
        for (index, (char, _)) in self.chars.iter().enumerate() {
            if *char == separator {
                parts.push(self.slice(from, index));
                from = index + 1;
            }
        }
        parts.push(self.slice(from, self.len()));
        parts
    }
}

impl Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars.iter().try_for_each(|(char, _)| write!(formatter, "{char}"))
    }
}

/// The characters that Python's `str.strip` removes: Unicode white space and four control characters.
pub(crate) fn is_space(char: char) -> bool {
    char.is_whitespace() || ('\x1c'..='\x1f').contains(&char)
}
