// SPDX-License-Identifier: GPL-3.0-or-later
//! Cron jobs, parsed as Debian's cron does (crontab(5), cron(8), run-parts(8)).

use std::collections::{BTreeMap, BTreeSet};

use crate::commands::{Runs, shell};
use crate::lines::{self, End};
use crate::machine::{Content, Machine};
use crate::{Action, Found, Reason, Start, Survey, Unread};

/// Directory of the system's jobs.
const JOBS: &str = "/etc/cron.d";

/// Directory of the users' jobs.
const CRONTABS: &str = "/var/spool/cron/crontabs";

/// Prefix of a disabled line.
const MARK: &str = "# now run by Supervisor: ";

pub(crate) fn find(machine: &Machine, survey: &mut Survey) {
    for name in machine.list(JOBS).iter().filter(|name| is_read(name)) {
        let path = format!("{JOBS}/{name}");
        let Content::Text(content) = machine.read(&path) else { continue };
        let text = String::from_utf8_lossy(&content);
        let jobs = jobs(&text, 1);
        let lamps: BTreeSet<usize> =
            jobs.iter().filter(|job| !job.runs.programs.is_empty()).map(|job| job.line).collect();
        let does_more = jobs.iter().any(|job| lamps.contains(&job.line) && job.runs.others);
        let action = if does_more {
            Action::Name(Reason::Whole)
        } else if jobs.iter().all(|job| lamps.contains(&job.line)) {
            Action::SetAside
        } else {
            let to = lines::marked(&content, End::Lf, MARK, |line| lamps.contains(&line));
            Action::Edit { from: content.clone(), to }
        };
        let user = jobs.iter().filter(|job| lamps.contains(&job.line)).find_map(|job| job.user.as_deref());
        survey.add(Found::of(path.clone(), starts(&path, &jobs), action).with_user(user));
    }
    let crontab = "/etc/crontab";
    if let Some(text) = machine.text(crontab) {
        survey.add(Found::of(
            crontab.to_owned(),
            starts(crontab, &jobs(&text, 1)),
            Action::Name(Reason::Whole),
        ));
    }
    if machine.is_closed(CRONTABS) {
        survey.unread(Unread::Crontabs);
    }
    for user in machine.list(CRONTABS) {
        let path = format!("{CRONTABS}/{user}");
        if let Some(text) = machine.text(&path) {
            let starts = starts(&path, &jobs(&text, 0));
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

/// A script that cron or init runs.
pub(crate) fn script(machine: &Machine, path: String) -> Found {
    let text = machine.text(&path).filter(|_| machine.is_executable(&path)).unwrap_or_default();
    let starts = starts_of_script(&path, &text);
    Found::of(path, starts, Action::Name(Reason::Whole))
}

/// What a shell script starts; nothing if its first line names another interpreter.
pub(crate) fn starts_of_script(path: &str, text: &str) -> Vec<Start> {
    let interpreter = text.strip_prefix("#!").and_then(|rest| rest.lines().next());
    if interpreter.is_some_and(|line| !line.split(['/', ' ']).any(|word| word.trim_end().ends_with("sh"))) {
        return Vec::new();
    }
    let found = shell::programs(text).into_iter();
    found.map(|(line, program)| Start { program, file: path.to_owned(), line }).collect()
}

/// Whether cron and run-parts read a file with this name.
fn is_read(name: &str) -> bool {
    name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-')
}

/// A job.
struct Job {
    /// Counted from 1.
    line: usize,
    /// The user that runs it, if the line names one.
    user: Option<String>,
    runs: Runs,
}

/// The jobs of a text with `users` words between times and command.
fn jobs(text: &str, users: usize) -> Vec<Job> {
    let mut variables = BTreeMap::new();
    let mut jobs = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        if let Some((name, value)) = text.split_once('=').filter(|_| is_variable(text)) {
            let bare = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
            variables.insert(bare(name), bare(value));
        } else if let Some((user, command)) = job(text, users) {
            let mut runs = Runs::default();
            for ran in shell::commands_with(&command, &variables) {
                runs.and(ran.runs);
            }
            jobs.push(Job { line, user, runs });
        }
    }
    jobs
}

fn starts(path: &str, jobs: &[Job]) -> Vec<Start> {
    let each = |job: &Job| {
        let start = |program: &&'static str| Start { program, file: path.to_owned(), line: job.line };
        job.runs.programs.iter().map(start).collect::<Vec<_>>()
    };
    jobs.iter().flat_map(each).collect()
}

/// The command of a line, after its times and `users` more words. The last of these is the user.
fn job(line: &str, users: usize) -> Option<(Option<String>, String)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') || is_variable(line) {
        return None;
    }
    let mut rest = line;
    let mut word = "";
    for _ in 0..users + if line.starts_with('@') { 1 } else { 5 } {
        (word, rest) = rest.split_once(char::is_whitespace)?;
        rest = rest.trim_start();
    }
    let user = (users > 0).then(|| word.to_owned());
    // What follows a percent sign is the command's standard input.
    let mut command = String::new();
    let mut letters = rest.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&'%') => command.extend(letters.next()),
            '%' => break,
            _ => command.push(letter),
        }
    }
    Some((user, command))
}

/// Whether a line is `NAME = value`; the name may be quoted.
fn is_variable(line: &str) -> bool {
    let line = line.trim();
    !line.starts_with('#')
        && line.split_once('=').is_some_and(|(name, _)| {
            let name = name.trim().trim_matches(['"', '\'']);
            !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_jobs_as_cron_does() {
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
            let found = job(line, users);
            assert_eq!(found.as_ref().map(|(_, command)| command.as_str()), command, "{line}");
            let user =
                (users > 0).then(|| line.split_whitespace().find(|word| ["root", "pi"].contains(word)));
            if let Some((found, _)) = found {
                assert_eq!(found.as_deref(), user.flatten(), "{line}");
            }
        }
    }

    #[test]
    fn ignores_scripts_for_other_interpreters() {
        let count = |text: &str| starts_of_script("/x", text).len();
        assert_eq!(count("#!/bin/sh\nfbcp\n"), 1);
        assert_eq!(count("#!/usr/bin/env bash\nfbcp\n"), 1);
        assert_eq!(count("#!/bin/bash -e\nfbcp\n"), 1);
        assert_eq!(count("fbcp\n"), 1);
        assert_eq!(count("#!/usr/bin/python3\nfbcp\n"), 0);
    }
}
