// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs whose options contain the command: start-stop-daemon, flock, tmux, su, and `env -S`.

use super::Reader;
use crate::commands::Runs;
use crate::commands::words::is_assignment;

/// What flock runs.
pub(super) enum Command<'w, 'a> {
    Script(&'a str),
    Words(&'w [&'a str]),
}

/// `flock [options] FILE COMMAND...`, or `flock [options] FILE -c SCRIPT`.
pub(super) fn flock<'w, 'a>(words: &'w [&'a str]) -> Command<'w, 'a> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match *word {
            "-w" | "--wait" | "--timeout" | "-E" | "--conflict-exit-code" => at += 2,
            word if word.starts_with('-') => at += 1,
            _ => break,
        }
    }
    match words.get(at + 1..) {
        Some(["-c" | "--command", script, ..]) => Command::Script(script),
        command => Command::Words(command.unwrap_or_default()),
    }
}

/// The script that a new window of tmux runs.
pub(super) fn tmux(words: &[&str]) -> Option<String> {
    const WITH_VALUE: &str = "cefFnstxy";
    let new = words
        .iter()
        .position(|word| matches!(*word, "new" | "new-session" | "neww" | "new-window" | "respawn-pane"))?;
    let mut words = words[new + 1..].iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some(letters) => {
                if letters.chars().last().is_some_and(|letter| WITH_VALUE.contains(letter)) {
                    words.next();
                }
            }
            None => return Some([word].into_iter().chain(words).copied().collect::<Vec<_>>().join(" ")),
        }
    }
    None
}

/// The value of -c or --command, in any position.
pub(super) fn script_of<'a>(words: &[&'a str]) -> Option<&'a str> {
    words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--") {
        Some(long) => match long.strip_prefix("command")? {
            "" => words.get(at + 1).copied(),
            rest => rest.strip_prefix('='),
        },
        None => word.strip_prefix('-')?.ends_with('c').then(|| words.get(at + 1).copied())?,
    })
}

/// The line that `env -S` splits into words.
pub(super) fn env_split(words: &[&str]) -> Option<String> {
    let at = words
        .iter()
        .position(|word| *word == "-S" || word.starts_with("--split-string") || word.starts_with("-S"))?;
    // After a command it would be an option of that command.
    if words[..at].iter().any(|word| !word.starts_with('-') && !is_assignment(word)) {
        return None;
    }
    let line = match words[at] {
        "-S" | "--split-string" => String::new(),
        word => word.trim_start_matches("--split-string=").trim_start_matches("-S").to_owned() + " ",
    };
    Some(line + &words[at + 1..].join(" "))
}

impl Reader {
    pub(super) fn start_stop_daemon(&mut self, words: &[&str]) -> Runs {
        let (own, arguments) = match words.iter().position(|word| *word == "--") {
            Some(at) => (&words[..at], &words[at + 1..]),
            None => (words, &[][..]),
        };
        let letters = |word: &str| {
            word.strip_prefix('-').filter(|letters| !letters.starts_with('-')).map(str::to_owned)
        };
        let starts =
            |word: &&str| *word == "--start" || letters(word).is_some_and(|letters| letters.contains('S'));
        if !own.iter().any(starts) {
            return Runs::nothing();
        }
        // In a word of several letters, the last one can have a value.
        let value = |letter: char, long: &str| {
            own.iter().enumerate().find_map(|(at, word)| {
                if *word == long || letters(word).is_some_and(|letters| letters.ends_with(letter)) {
                    return own.get(at + 1).copied();
                }
                word.strip_prefix(long)?.strip_prefix('=')
            })
        };
        if let Some(directory) = value('d', "--chdir") {
            self.enter(directory);
        }
        let Some(program) = value('a', "--startas").or_else(|| value('x', "--exec")) else {
            return Runs::nothing();
        };
        let command: Vec<&str> = [program].into_iter().chain(arguments.iter().copied()).collect();
        self.read(&command)
    }
}
