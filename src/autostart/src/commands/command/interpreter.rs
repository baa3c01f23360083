// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs that run a file or a script on their command line: shells, Python, and terminals.

use super::Reader;
use crate::commands::Runs;
use crate::commands::words::joined;
use crate::program;

/// Terminals of desktops.
pub(super) const TERMINALS: [&str; 14] = [
    "alacritty",
    "foot",
    "gnome-terminal",
    "konsole",
    "lxterm",
    "lxterminal",
    "mate-terminal",
    "qterminal",
    "rxvt",
    "urxvt",
    "uxterm",
    "x-terminal-emulator",
    "xfce4-terminal",
    "xterm",
];

pub(super) const SHELLS: [&str; 7] = ["ash", "bash", "dash", "ksh", "rbash", "sh", "zsh"];

pub(super) fn is_python(name: &str) -> bool {
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| version.chars().all(|letter| letter.is_ascii_digit() || letter == '.'))
}

impl Reader {
    /// A shell runs the value of -c, or a file.
    pub(super) fn shell(&self, words: &[&str]) -> Runs {
        let mut words = words.iter();
        let file = loop {
            let Some(word) = words.next() else { return Runs::nothing() };
            match word.strip_prefix(['-', '+']) {
                Some("" | "-") => match words.next() {
                    Some(file) => break file,
                    None => return Runs::nothing(),
                },
                Some(long) if long.starts_with('-') => {
                    if matches!(long, "-rcfile" | "-init-file") {
                        words.next();
                    }
                }
                Some(letters) if letters.contains('c') => {
                    let script = words.find(|word| !word.starts_with('-'));
                    return script.map(|script| self.script(script)).unwrap_or_default();
                }
                Some("o" | "O") => {
                    words.next();
                }
                Some(_) => {}
                None => break word,
            }
        };
        // A shell cannot run a Python file.
        let program =
            program::of_file(&joined(&self.directory, file)).filter(|_| file.strip_suffix(".py").is_none());
        Runs::one(program)
    }

    /// A terminal runs what follows -e: a line, or words.
    pub(super) fn terminal(&mut self, words: &[&str]) -> Runs {
        for (at, word) in words.iter().enumerate() {
            if let Some(line) = word.strip_prefix("--command=").or_else(|| word.strip_prefix("--execute=")) {
                return self.script(line);
            }
            if matches!(*word, "-e" | "-x" | "--execute" | "--command" | "--") {
                return match &words[at + 1..] {
                    [line] => self.script(line),
                    command => self.read(command),
                };
            }
        }
        Runs { others: true, ..Runs::default() }
    }

    /// Python runs a module, a file, or a program on the command line, which is never the lamp's.
    pub(super) fn python(&self, words: &[&str]) -> Option<&'static str> {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
                return program::of_file(&joined(&self.directory, word));
            };
            if letters.starts_with('-') {
                continue;
            }
            for (at, letter) in letters.char_indices() {
                let inline = &letters[at + letter.len_utf8()..];
                match letter {
                    'c' => return None,
                    'm' => {
                        let module = if inline.is_empty() { words.next().copied()? } else { inline };
                        let file = format!("{}.py", module.replace('.', "/"));
                        return program::of_file(&joined(&self.directory, &file));
                    }
                    'W' | 'X' => {
                        if inline.is_empty() {
                            words.next();
                        }
                        break;
                    }
                    _ => {}
                }
            }
        }
        None
    }
}
