// SPDX-License-Identifier: GPL-3.0-or-later
//! Which of the lamp's programs a shell script starts: only what stands where the name of a command can stand counts.
//!
//! The script is read, not run: what is behind a condition counts as if it came to it. Variables are known where the script
//! sets them to a word, the folder where it changes it by `cd`.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use crate::command::{self, is_assignment, is_name, joined};

/// The lamp's programs that a script starts, each with its line, counted from 1.
pub(crate) fn programs(script: &str) -> Vec<(usize, &'static str)> {
    programs_at(script, "", command::DEEPEST)
}

/// [`programs`], in a script that runs in `folder` and is `DEEPEST - depth` commands deep.
pub(crate) fn programs_at(script: &str, folder: &str, depth: usize) -> Vec<(usize, &'static str)> {
    let mut parser = Parser {
        input: Input { rest: script.chars().peekable(), line: 1 },
        folder: folder.to_owned(),
        variables: BTreeMap::new(),
        here_documents: Vec::new(),
        found: Vec::new(),
        depth,
    };
    parser.run();
    parser.found
}

struct Input<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

impl Input<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.line += usize::from(next == Some('\n'));
        next
    }

    fn skip(&mut self, wanted: char) -> bool {
        let is_it = self.peek() == Some(wanted);
        if is_it {
            self.next();
        }
        is_it
    }

    /// Up to the first `end` that is not quoted, which is taken too.
    fn until(&mut self, end: char) -> String {
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

    /// Up to the parenthesis that closes one.
    fn parenthesis(&mut self) -> String {
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

enum Token {
    /// A word; whether some of it was quoted, so that it is no keyword.
    Word(String, bool),
    /// What ends a command.
    End(&'static str),
}

struct Parser<'a> {
    input: Input<'a>,
    folder: String,
    variables: BTreeMap<String, String>,
    /// Words that end documents which begin after the next line end, and whether tabs before them count.
    here_documents: Vec<(String, bool)>,
    found: Vec<(usize, &'static str)>,
    depth: usize,
}

/// Words after which a command begins.
const BEFORE_A_COMMAND: [&str; 10] = ["if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"];

impl Parser<'_> {
    fn run(&mut self) {
        // Conditions, loops, groups and functions that are open: what is in them may not come to pass.
        let mut open = 0_usize;
        let mut parentheses = 0_usize;
        // Patterns of each `case` that is open are to come, or their commands.
        let mut cases: Vec<bool> = Vec::new();
        let mut line = 1;
        let mut words: Vec<(String, bool)> = Vec::new();
        let mut before = "\n";
        loop {
            let token = self.token();
            let end = match token {
                Some(Token::Word(word, quoted)) => {
                    if cases.last() == Some(&true) {
                        if word == "esac" {
                            cases.pop();
                            open = open.saturating_sub(1);
                        }
                        continue;
                    }
                    if words.is_empty() {
                        line = self.input.line;
                        if !quoted && BEFORE_A_COMMAND.contains(&word.as_str()) {
                            open += usize::from(matches!(word.as_str(), "if" | "while" | "until" | "{"));
                            continue;
                        }
                        match word.as_str() {
                            "fi" | "done" | "}" if !quoted => open = open.saturating_sub(1),
                            "esac" if !quoted && cases.pop().is_some() => open = open.saturating_sub(1),
                            "for" | "case" | "select" if !quoted => open += 1,
                            _ => {}
                        }
                    }
                    words.push((word, quoted));
                    if let [(first, false), _, (third, false)] = words.as_slice()
                        && first == "case"
                        && third == "in"
                    {
                        cases.push(true);
                        words.clear();
                    }
                    continue;
                }
                Some(Token::End(end)) => end,
                None => "",
            };
            if cases.last() == Some(&true) {
                match end {
                    ")" => *cases.last_mut().expect("one is open") = false,
                    "" => return,
                    _ => {}
                }
                continue;
            }
            // `name() {` defines a function of that name.
            let is_function = end == "(" && words.len() == 1;
            if !is_function {
                let texts: Vec<String> = words.iter().map(|(word, _)| word.clone()).collect();
                self.command(line, &texts);
                let is_certain = open == 0 && parentheses == 0 && !matches!(before, "&&" | "||" | "|");
                if is_certain
                    && matches!(end, "\n" | ";" | "")
                    && texts.first().is_some_and(|word| word == "exit")
                {
                    return;
                }
            }
            match end {
                "" => return,
                "(" => parentheses += 1,
                ")" => parentheses = parentheses.saturating_sub(1),
                ";;" => {
                    if let Some(pattern) = cases.last_mut() {
                        *pattern = true;
                    }
                }
                _ => {}
            }
            if end != "\n" || !words.is_empty() {
                before = end;
            }
            words.clear();
        }
    }

    fn command(&mut self, line: usize, words: &[String]) {
        match words {
            [] => {}
            [cd, .., folder] if cd == "cd" || cd == "pushd" => self.folder = joined(&self.folder, folder),
            words if words.iter().all(|word| is_assignment(word)) => self.set(words),
            [export, rest @ ..] if matches!(export.as_str(), "export" | "readonly" | "local" | "declare") => {
                self.set(rest);
            }
            words => {
                let programs = command::programs_at(words, &self.folder, self.depth);
                self.found.extend(programs.into_iter().map(|program| (line, program)));
            }
        }
    }

    fn set(&mut self, assignments: &[String]) {
        for (name, value) in assignments.iter().filter_map(|word| word.split_once('=')) {
            self.variables.insert(name.to_owned(), value.to_owned());
        }
    }

    fn token(&mut self) -> Option<Token> {
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
                    // In `2>file` the number belongs to the file.
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

    /// A script in the script.
    fn inner(&mut self, script: &str) {
        if let Some(depth) = self.depth.checked_sub(1) {
            let line = self.input.line;
            let found = programs_at(script, &self.folder, depth);
            self.found.extend(found.into_iter().map(|(_, program)| (line, program)));
        }
    }

    fn word(&mut self) -> (String, bool) {
        let mut word = String::new();
        let mut quoted = false;
        while let Some(letter) = self.input.peek() {
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

    /// What a `$` or a backquote stands for.
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
                // Two parentheses hold a number.
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
            Some(letter) if !letter.is_whitespace() && !matches!(letter, '"' | '\'') => {
                self.input.next();
            }
            _ => word.push('$'),
        }
    }

    /// A variable's value; of one that is not known, its name, so that a path through it stays one.
    fn value(&self, name: &str) -> String {
        match self.variables.get(name) {
            Some(value) => value.clone(),
            None if is_name(name) => format!("${name}"),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::programs;

    fn names(script: &str) -> Vec<&'static str> {
        programs(script).into_iter().map(|(_, program)| program).collect()
    }

    #[test]
    fn commands_are_found_wherever_they_can_stand() {
        for (script, expected) in [
            ("/usr/local/bin/fbcp &", &["fbcp"][..]),
            ("fbcp & pigpiod -l", &["fbcp", "pigpiod"]),
            ("cd /home/pi/connected-devices/Lampi && /usr/bin/python lamp_service.py", &["lamp_service"]),
            ("sleep 10; cd /home/pi/connected-devices/Lampi && ./main.py", &["lamp_ui"]),
            ("(cd /opt/lampi; python3 main.py >/dev/null 2>&1)", &["lamp_ui"]),
            ("if true; then fbcp; fi", &["fbcp"]),
            ("if ! pidof fbcp; then /usr/local/bin/fbcp & fi", &["fbcp"]),
            ("pgrep -x pigpiod >/dev/null || pigpiod -l", &["pigpiod"]),
            ("while true; do fbcp; sleep 1; done", &["fbcp"]),
            ("A=b C='d e' fbcp", &["fbcp"]),
            ("fbcp>/dev/null&", &["fbcp"]),
            ("2>/dev/null fbcp", &["fbcp"]),
            ("X=$(pigpiod -l)", &["pigpiod"]),
            ("X=`pigpiod -l`", &["pigpiod"]),
            ("\"/usr/local/bin/fbcp\"", &["fbcp"]),
            ("'/usr/local/'bin/fbcp", &["fbcp"]),
            ("DAEMON=/usr/bin/pigpiod\nstart-stop-daemon --start --exec $DAEMON -- -l", &["pigpiod"]),
            ("export L=/home/pi/Lampi\ncd \"${L}\"\npython3 main.py", &["lamp_ui"]),
            ("cd \"$HOME/Lampi\" && python3 main.py", &["lamp_ui"]),
            (
                "case \"$1\" in\n start|go) pigpiod -l ;;\n stop) killall pigpiod ;;\nesac\nfbcp",
                &["pigpiod", "fbcp"],
            ),
            ("start() {\n  fbcp &\n}\nstart", &["fbcp"]),
            ("for i in 1 2; do fbcp; done", &["fbcp"]),
            ("[ -e /dev/fb1 ] || exit 0\nfbcp &", &["fbcp"]),
            ("if [ -e /x ]; then\n exit 0\nfi\nfbcp &", &["fbcp"]),
            ("python3 -u \\\n  /home/pi/lamp_service.py", &["lamp_service"]),
            ("cat <<END\nfbcp\nEND\npigpiod", &["pigpiod"]),
            ("echo ${x:-a} && fbcp", &["fbcp"]),
            ("echo $((1 + 2)); fbcp", &["fbcp"]),
            ("{ fbcp; } &", &["fbcp"]),
            ("! fbcp", &["fbcp"]),
            ("fbcp \\", &["fbcp"]),
        ] {
            assert_eq!(names(script), expected, "{script}");
        }
    }

    #[test]
    fn other_words_are_no_commands() {
        for script in [
            "",
            "# fbcp",
            "true # fbcp",
            "echo fbcp; echo 'a; fbcp'",
            "for f in fbcp pigpiod; do echo $f; done",
            "case $x in fbcp) true;; pigpiod|lamp_ui) true;; esac",
            "fbcp() { true; }",
            "pkill fbcp || true",
            "command -v pigpiod >/dev/null && echo yes",
            "cat >fbcp",
            "cat <fbcp >>pigpiod 2> lamp_service",
            "exit 0\nfbcp &",
            "exit\nfbcp",
            "tar -czf /var/backups/lamp.tgz /home/pi/Lampi/lamp_service.py",
            "mosquitto_pub -t lamp/set_config -m '{\"client\": \"fbcp\"}'",
            "cat <<-'END'\n\tfbcp\n\tEND\n",
            "cat <<END\nfbcp",
            "echo \"$(echo fbcp)\"",
            "FBCP=fbcp",
            "$(",
            "${",
            "'",
            "((((((((((",
        ] {
            assert_eq!(names(script), [] as [&str; 0], "{script}");
        }
    }

    #[test]
    fn lines_are_counted() {
        let script = "#!/bin/sh\ncat <<END\nx\nEND\n\nif a \\\n  b; then\n  fbcp &\nfi\npigpiod\n";
        assert_eq!(programs(script), [(8, "fbcp"), (10, "pigpiod")]);
    }

    proptest::proptest! {
        /// Whatever people wrote, it is read to its end.
        #[test]
        fn any_text_comes_to_an_end(text in "([ -~\n]|fbcp|case x in|esac|if |fi|\\$\\(|<<E|`|\\(|\\)|sh -c ){0,60}") {
            let lines = text.lines().count();
            for (line, _) in programs(&text) {
                proptest::prop_assert!(line >= 1 && line <= lines + 1);
            }
        }
    }
}
