// SPDX-License-Identifier: GPL-3.0-or-later
//! The words of a script and what ends a command, with quotes removed and variables expanded.

use super::{LONGEST, Parser};

pub(super) enum Token {
    /// A word; whether part of it was quoted, so that it is not a keyword.
    Word(String, bool),
    /// What ends a command.
    End(&'static str),
}

impl Parser<'_> {
    pub(super) fn token(&mut self) -> Option<Token> {
        loop {
            match self.input.peek()? {
                ' ' | '\t' | '\r' => {
                    self.input.next();
                }
                '#' => {
                    while self.input.peek().is_some_and(|letter| letter != '\n') {
                        self.input.next();
                    }
                }
                '\n' => {
                    self.input.next();
                    self.skip_here_documents();
                    return Some(Token::End("\n"));
                }
                ';' => {
                    self.input.next();
                    let is_double = self.input.skip(';');
                    self.input.skip('&');
                    return Some(Token::End(if is_double { ";;" } else { ";" }));
                }
                '&' => {
                    self.input.next();
                    if self.input.peek() == Some('>') {
                        self.redirection();
                        continue;
                    }
                    return Some(Token::End(if self.input.skip('&') { "&&" } else { "&" }));
                }
                '|' => {
                    self.input.next();
                    let is_double = self.input.skip('|');
                    self.input.skip('&');
                    return Some(Token::End(if is_double { "||" } else { "|" }));
                }
                '(' => {
                    self.input.next();
                    return Some(Token::End("("));
                }
                ')' => {
                    self.input.next();
                    return Some(Token::End(")"));
                }
                '<' | '>' => self.redirection(),
                '\\' if self.input.rest.clone().nth(1) == Some('\n') => {
                    self.input.next();
                    self.input.next();
                }
                _ => {
                    let (word, quoted) = self.word();
                    // In `2>file` the number belongs to the redirection.
                    let is_number =
                        !quoted && !word.is_empty() && word.chars().all(|letter| letter.is_ascii_digit());
                    if is_number && matches!(self.input.peek(), Some('<' | '>')) {
                        self.redirection();
                        continue;
                    }
                    return Some(Token::Word(word, quoted));
                }
            }
        }
    }

    /// From `<` or `>` to the end of the file's name.
    fn redirection(&mut self) {
        let first = self.input.next();
        let is_document = first == Some('<') && self.input.skip('<');
        if is_document && self.input.peek() != Some('<') {
            let strips = self.input.skip('-');
            self.skip_blanks();
            let (word, _) = self.word();
            self.here_documents.push((word, strips));
            return;
        }
        while matches!(self.input.peek(), Some('<' | '>' | '&' | '|')) {
            self.input.next();
        }
        self.skip_blanks();
        if self.input.peek() == Some('(') {
            self.input.next();
            let script = self.input.parenthesis();
            self.inner(&script);
        } else if self.input.peek().is_some_and(|letter| letter != '\n') {
            self.word();
        }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.input.peek(), Some(' ' | '\t')) {
            self.input.next();
        }
    }

    fn skip_here_documents(&mut self) {
        for (end, strips) in std::mem::take(&mut self.here_documents) {
            loop {
                if self.input.peek().is_none() {
                    return;
                }
                let mut line = String::new();
                while let Some(letter) = self.input.next().filter(|letter| *letter != '\n') {
                    line.push(letter);
                }
                if (if strips { line.trim_start_matches('\t') } else { &line }) == end {
                    break;
                }
            }
        }
    }

    fn word(&mut self) -> (String, bool) {
        let mut word = String::new();
        let mut quoted = false;
        while let Some(letter) = self.input.peek() {
            word.truncate(word.floor_char_boundary(LONGEST));
            match letter {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\'' => {
                    quoted = true;
                    self.input.next();
                    while let Some(letter) = self.input.next().filter(|letter| *letter != '\'') {
                        word.push(letter);
                    }
                }
                '"' => {
                    quoted = true;
                    self.input.next();
                    self.double_quoted(&mut word);
                }
                '\\' => {
                    self.input.next();
                    match self.input.next() {
                        Some('\n') | None => {}
                        Some(letter) => {
                            quoted = true;
                            word.push(letter);
                        }
                    }
                }
                '$' | '`' => self.substitution(&mut word),
                _ => {
                    self.input.next();
                    word.push(letter);
                }
            }
        }
        (word, quoted)
    }

    fn double_quoted(&mut self, word: &mut String) {
        while let Some(letter) = self.input.peek() {
            word.truncate(word.floor_char_boundary(LONGEST));
            match letter {
                '"' => {
                    self.input.next();
                    return;
                }
                '\\' => {
                    self.input.next();
                    match self.input.next() {
                        Some('\n') | None => {}
                        Some(letter) => {
                            if !matches!(letter, '$' | '`' | '"' | '\\') {
                                word.push('\\');
                            }
                            word.push(letter);
                        }
                    }
                }
                '$' | '`' => self.substitution(word),
                _ => {
                    self.input.next();
                    word.push(letter);
                }
            }
        }
    }

    /// The expansion of a `$` or a backquote.
    fn substitution(&mut self, word: &mut String) {
        if self.input.next() == Some('`') {
            let script = self.input.until('`');
            self.inner(&script);
            return;
        }
        match self.input.peek() {
            Some('(') => {
                self.input.next();
                let script = self.input.parenthesis();
                // Two parentheses contain arithmetic.
                if !script.starts_with('(') {
                    self.inner(&script);
                }
            }
            Some('{') => {
                self.input.next();
                let inside = self.input.until('}');
                let name = inside.split([':', '-', '=', '+', '%', '#', '?']).next().unwrap_or_default();
                word.push_str(&self.value(name));
            }
            Some(letter) if letter.is_ascii_alphabetic() || letter == '_' => {
                let mut name = String::new();
                while let Some(letter) =
                    self.input.peek().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
                {
                    self.input.next();
                    name.push(letter);
                }
                word.push_str(&self.value(&name));
            }
            // Quoting as in C.
            Some('\'') => {
                self.input.next();
                word.push_str(&self.input.until('\''));
            }
            Some(letter) if !letter.is_whitespace() && letter != '"' => {
                self.input.next();
                word.extend(['$', letter]);
            }
            _ => word.push('$'),
        }
    }

    /// A variable's value. For an unknown variable its name, so that a path that contains it stays a path.
    fn value(&self, name: &str) -> String {
        match self.variables.get(name) {
            Some(value) => value.clone(),
            None => format!("${name}"),
        }
    }
}
