// SPDX-License-Identifier: GPL-3.0-or-later
//! What is left of a set-up by hand and would start the lamp's programs at boot, beside Supervisor.

use std::os::unix::fs::MetadataExt;

use super::fix::Action;
use super::lamp::Lamp;
use super::report::Report;
use super::starts::programs_of_line;
use super::system::System;
use super::words::quoted;

/// Where users' own cron jobs are.
const CRONTABS: &str = "/var/spool/cron/crontabs";

/// Where systemd looks for units, the first ones first.
const UNITS: [&str; 3] = ["/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"];

/// Looks at cron, rc.local and systemd.
pub fn check(lamp: &Lamp, report: &mut Report) {
    let system = &lamp.system;
    for name in system.list("/etc/cron.d").iter().filter(|name| is_job(name)) {
        let path = format!("/etc/cron.d/{name}");
        let text = system.text(&path).unwrap_or_default();
        tell(&path, &starts(&text, 1), report);
    }
    tell_lines(system, "/etc/crontab", 1, report);
    if system.is_root || !system.exists(CRONTABS) {
        for user in system.list(CRONTABS) {
            tell_lines(system, &format!("{CRONTABS}/{user}"), 0, report);
        }
    } else {
        report.needs_root("the users' cron jobs");
    }
    rc_local(system, report);
    units(system, report);
    report.ok_otherwise("nothing else than Supervisor starts the lamp's programs at boot");
}

/// Whether cron reads a file of this name.
fn is_job(name: &str) -> bool {
    name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-')
}

/// The command of a line of cron, after its times and `users` more words.
fn job(line: &str, users: usize) -> Option<&str> {
    let line = line.trim();
    let is_variable = || {
        line.split_once('=').is_some_and(|(name, _)| {
            name.trim().chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        })
    };
    if line.is_empty() || line.starts_with('#') || is_variable() {
        return None;
    }
    let mut rest = line;
    for _ in 0..users + if line.starts_with('@') { 1 } else { 5 } {
        rest = rest.split_once(char::is_whitespace)?.1.trim_start();
    }
    Some(rest)
}

fn starts(text: &str, users: usize) -> Vec<&'static str> {
    let jobs = text.lines().filter_map(|line| job(line, users));
    jobs.filter_map(|job| programs_of_line(job).into_iter().next()).collect()
}

fn tell_lines(system: &System, path: &str, users: usize, report: &mut Report) {
    let found = starts(&system.text(path).unwrap_or_default(), users);
    tell(path, &found, report);
}

fn tell(path: &str, found: &[&str], report: &mut Report) {
    if found.is_empty() {
        return;
    }
    let mut programs = found.to_vec();
    programs.dedup();
    report.problem(format!("{} starts {} too", quoted(path), programs.join(" and ")), Action::TakeOver);
}

/// systemd runs rc.local at boot if it is executable.
fn rc_local(system: &System, report: &mut Report) {
    const PATH: &str = "/etc/rc.local";
    if system.metadata(PATH).is_ok_and(|metadata| metadata.mode() & 0o111 != 0) {
        let text = system.text(PATH).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let found: Vec<&str> = lines.filter_map(|line| programs_of_line(line).into_iter().next()).collect();
        tell(PATH, &found, report);
    }
}

/// Services that systemd starts at boot.
fn units(system: &System, report: &mut Report) {
    let targets = system.list_of(UNITS[0], "wants");
    let mut seen = Vec::new();
    for target in targets {
        for unit in system.list(format!("{}/{target}", UNITS[0])) {
            if seen.contains(&unit) {
                continue;
            }
            // Not through the link, which may be an absolute one of another root.
            let text = UNITS.iter().find_map(|folder| system.text(format!("{folder}/{unit}")).ok());
            let commands =
                text.iter().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix("ExecStart="));
            // Before the command there may be signs that change how it is run.
            let mut programs = commands
                .flat_map(|command| programs_of_line(command.trim_start_matches(['-', '@', ':', '+', '!'])));
            if let Some(program) = programs.next() {
                report.problem(format!("systemd's {} starts {program} too", quoted(&unit)), Action::TakeOver);
            }
            seen.push(unit);
        }
    }
}
