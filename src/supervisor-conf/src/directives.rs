// SPDX-License-Identifier: GPL-3.0-or-later
//! Comments that disable findings: `; lampi-check: disable=CODE,CODE`.
//!
//! A comment at the end of a line, or on the line above, applies to that line and its continuation lines. A
//! comment on its own line before the first section applies to the whole file.

use crate::text::{Position, Text, is_space};

/// The start of such a comment, after its `;` or `#`.
const MARK: &str = "lampi-check:";
const DISABLE: &str = "disable=";

/// A comment for the checker.
#[derive(Debug)]
pub(crate) struct Directive {
    /// The codes and their places.
    pub codes: Vec<(String, Position)>,
    pub reach: Reach,
}

/// Where a directive applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    File,
    Line(usize),
    /// The next line that is neither empty nor a comment.
    NextLine,
}

impl Reach {
    /// Resolves `NextLine`.
    pub(crate) fn ends_at(&mut self, line: usize) {
        if *self == Self::NextLine {
            *self = Self::Line(line);
        }
    }

    /// Whether it covers a finding on `line` of a setting that starts on line `start`.
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

/// The directive in a comment, given with its `;` or `#`.
pub(crate) fn read(comment: &Text, reach: Reach) -> Option<Directive> {
    let text = comment.to_string();
    // The directive may follow another comment that cuts off a value.
    let mark = text.match_indices([';', '#']).map(|(at, _)| at).find(|at| is_directive(&text[*at..]))?;
    let start = mark + text[mark..].find(DISABLE)? + DISABLE.len();
    let start = text[..start].chars().count();
    let list = comment.slice(start, comment.len()).trimmed();
    // A reason may follow.
    let list = list.slice(0, list.find(is_space).unwrap_or(list.len()));
    let codes = list.split(',').into_iter().map(|code| code.trimmed()).filter(|code| !code.is_empty());
    Some(Directive { codes: codes.map(|code| (code.to_string(), code.at())).collect(), reach })
}
