// SPDX-License-Identifier: GPL-3.0-or-later
//! Comments that switch off a finding where it stands: `; lampi-check: disable=CODE,CODE`.
//!
//! Behind a line, or alone before one, such a comment holds for that line and for those that continue it; alone before
//! the first section it holds for the file.

use crate::text::{Position, Text, is_space};

/// How such a comment begins, behind its `;` or `#`.
const MARK: &str = "lampi-check:";
const DISABLE: &str = "disable=";

/// A comment for the checker.
#[derive(Debug)]
pub(crate) struct Directive {
    /// The codes that it names, with their places.
    pub codes: Vec<(String, Position)>,
    pub reach: Reach,
}

/// Which findings a directive is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    File,
    Line(usize),
    /// The next line that is neither empty nor a comment.
    NextLine,
}

impl Reach {
    /// Says which line the next one is.
    pub(crate) fn ends_at(&mut self, line: usize) {
        if *self == Self::NextLine {
            *self = Self::Line(line);
        }
    }

    /// Whether it has a finding on a line that belongs to the setting which begins on line `start`.
    pub(crate) fn includes(self, start: usize, line: usize) -> bool {
        match self {
            Self::File => true,
            Self::Line(reached) => reached == start || reached == line,
            Self::NextLine => false,
        }
    }
}

/// Whether a comment, given with its `;` or `#`, is for the checker.
pub(crate) fn is_directive(comment: &str) -> bool {
    comment.trim_start_matches([';', '#']).trim_start().starts_with(MARK)
}

/// What a comment, given with its `;` or `#`, says to the checker.
pub(crate) fn read(comment: &Text, reach: Reach) -> Option<Directive> {
    let text = comment.to_string();
    // A comment that cuts a value may have this one behind it.
    let mark = text.match_indices([';', '#']).map(|(at, _)| at).find(|at| is_directive(&text[*at..]))?;
    let start = mark + text[mark..].find(DISABLE)? + DISABLE.len();
    let start = text[..start].chars().count();
    let list = comment.slice(start, comment.len()).trimmed();
    // The reason may follow.
    let list = list.slice(0, list.find(is_space).unwrap_or(list.len()));
    let codes = list.split(',').into_iter().map(|code| code.trimmed()).filter(|code| !code.is_empty());
    Some(Directive { codes: codes.map(|code| (code.to_string(), code.at())).collect(), reach })
}
