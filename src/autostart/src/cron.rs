// SPDX-License-Identifier: GPL-3.0-or-later
//! Jobs of cron, as Debian's cron reads them (crontab(5), cron(8), run-parts(8)).

use crate::lines::{self, End};
use crate::machine::{Content, Machine};
use crate::shell;
use crate::{Action, Found, Reason, Start, Survey, Unread};

/// Where the system's own jobs are.
const JOBS: &str = "/etc/cron.d";

/// Where users' own jobs are.
const CRONTABS: &str = "/var/spool/cron/crontabs";

/// What stands before a line that was put out of action.
const MARK: &str = "# now run by Supervisor: ";

pub(crate) fn find(machine: &Machine, survey: &mut Survey) {
    for name in machine.list(JOBS).iter().filter(|name| is_read(name)) {
        let path = format!("{JOBS}/{name}");
        let Content::Text(content) = machine.read(&path) else { continue };
        let text = String::from_utf8_lossy(&content);
        let starts = starts(&path, &text, 1);
        let jobs = text.lines().filter(|line| job(line, 1).is_some()).count();
        let mut lines_of_the_lamp: Vec<usize> = starts.iter().map(|start| start.line).collect();
        lines_of_the_lamp.dedup();
        let action = if lines_of_the_lamp.len() == jobs {
            Action::SetAside
        } else {
            let to = lines::marked(&content, End::Lf, MARK, |line| lines_of_the_lamp.contains(&line));
            Action::Edit { from: content.clone(), to }
        };
        survey.add(Found::of(path, starts, action));
    }
    let crontab = "/etc/crontab";
    if let Some(text) = machine.text(crontab) {
        survey.add(Found::of(crontab.to_owned(), starts(crontab, &text, 1), Action::Name(Reason::Whole)));
    }
    if machine.is_closed(CRONTABS) {
        survey.unread(Unread::Crontabs);
    }
    for user in machine.list(CRONTABS) {
        let path = format!("{CRONTABS}/{user}");
        if let Some(text) = machine.text(&path) {
            let starts = starts(&path, &text, 0);
            survey.add(Found::of(path, starts, Action::Name(Reason::Users(user))));
        }
    }
    for often in ["hourly", "daily", "weekly", "monthly"] {
        for name in machine.list(&format!("/etc/cron.{often}")).iter().filter(|name| is_read(name)) {
            let path = format!("/etc/cron.{often}/{name}");
            survey.add(script(machine, path));
        }
    }
}

/// A script that somebody runs.
pub(crate) fn script(machine: &Machine, path: String) -> Found {
    let text = machine.text(&path).filter(|_| machine.is_executable(&path)).unwrap_or_default();
    let starts = starts_of_script(&path, &text);
    Found::of(path, starts, Action::Name(Reason::Whole))
}

/// What a file starts that is read by a shell; none if its first line names another interpreter.
pub(crate) fn starts_of_script(path: &str, text: &str) -> Vec<Start> {
    let interpreter = text.strip_prefix("#!").and_then(|rest| rest.lines().next());
    if interpreter.is_some_and(|line| !line.split(['/', ' ']).any(|word| word.trim_end().ends_with("sh"))) {
        return Vec::new();
    }
    let found = shell::programs(text).into_iter();
    found.map(|(line, program)| Start { program, file: path.to_owned(), line }).collect()
}

/// Whether cron and run-parts read a file of this name.
fn is_read(name: &str) -> bool {
    name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-')
}

fn starts(path: &str, text: &str, users: usize) -> Vec<Start> {
    let jobs = (1..).zip(text.lines()).filter_map(|(line, text)| Some((line, job(text, users)?)));
    jobs.flat_map(|(line, job)| {
        let found = shell::programs(&job).into_iter();
        found.map(move |(_, program)| Start { program, file: path.to_owned(), line })
    })
    .collect()
}

/// The command of a line, after its times and `users` more words.
fn job(line: &str, users: usize) -> Option<String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') || is_variable(line) {
        return None;
    }
    let mut rest = line;
    for _ in 0..users + if line.starts_with('@') { 1 } else { 5 } {
        rest = rest.split_once(char::is_whitespace)?.1.trim_start();
    }
    // What follows a percent sign is what the command reads.
    let mut command = String::new();
    let mut letters = rest.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&'%') => command.extend(letters.next()),
            '%' => break,
            _ => command.push(letter),
        }
    }
    Some(command)
}

/// `NAME = value`, where the name may be quoted.
fn is_variable(line: &str) -> bool {
    line.split_once('=').is_some_and(|(name, _)| {
        let name = name.trim().trim_matches(['"', '\'']);
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_read_as_cron_reads_them() {
        for (line, users, command) in [
            ("@reboot root fbcp &", 1, Some("fbcp &")),
            ("@reboot\troot\tfbcp", 1, Some("fbcp")),
            ("  */5 * * * *  root  fbcp -l", 1, Some("fbcp -l")),
            ("@reboot fbcp", 0, Some("fbcp")),
            ("0 5 * * 1-5 fbcp A=b", 0, Some("fbcp A=b")),
            ("@daily pi date +\\%F%fbcp", 1, Some("date +%F")),
            ("# @reboot root fbcp", 1, None),
            ("SHELL=/bin/bash", 1, None),
            ("\"PATH\" = /bin", 1, None),
            ("", 1, None),
            ("@reboot root", 1, None),
            ("* * * * root", 1, None),
        ] {
            assert_eq!(job(line, users).as_deref(), command, "{line}");
        }
    }

    #[test]
    fn only_shells_run_scripts() {
        let count = |text: &str| starts_of_script("/x", text).len();
        assert_eq!(count("#!/bin/sh\nfbcp\n"), 1);
        assert_eq!(count("#!/usr/bin/env bash\nfbcp\n"), 1);
        assert_eq!(count("#!/bin/bash -e\nfbcp\n"), 1);
        assert_eq!(count("fbcp\n"), 1);
        assert_eq!(count("#!/usr/bin/python3\nfbcp\n"), 0);
    }
}
