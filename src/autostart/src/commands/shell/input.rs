// SPDX-License-Identifier: GPL-3.0-or-later
//! The characters of a script, one after the other.

use std::iter::Peekable;
use std::str::Chars;

pub(super) struct Input<'a> {
    pub rest: Peekable<Chars<'a>>,
    pub line: usize,
}

impl Input<'_> {
    pub(super) fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.line += usize::from(next == Some('\n'));
        next
    }

    pub(super) fn skip(&mut self, wanted: char) -> bool {
        let is_it = self.peek() == Some(wanted);
        if is_it {
            self.next();
        }
        is_it
    }

    /// Up to and including the first unquoted `end`.
    pub(super) fn until(&mut self, end: char) -> String {
        let mut text = String::new();
        while let Some(letter) = self.next() {
            match letter {
                _ if letter == end => break,
                '\\' => {
                    text.push(letter);
                    text.extend(self.next());
                }
                _ => text.push(letter),
            }
        }
        text
    }

    /// Up to the closing parenthesis.
    pub(super) fn parenthesis(&mut self) -> String {
        let mut text = String::new();
        let mut open = 1;
        while let Some(letter) = self.next() {
            match letter {
                '(' => open += 1,
                ')' => open -= 1,
                '\'' | '"' => {
                    let quoted = self.until(letter);
                    text.push(letter);
                    text.push_str(&quoted);
                }
                _ => {}
            }
            if open == 0 {
                break;
            }
            text.push(letter);
        }
        text
    }
}
