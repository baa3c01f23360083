// SPDX-License-Identifier: GPL-3.0-or-later
//! Supervisor itself, and how it finds the lamp's programs.

use autostart::Process;

use super::cure::Cure;
use super::lamp::{ConfState, Lamp, Supervisor};
use super::report::Report;

/// Where systemd has the services that it starts at boot.
const WANTED: &str = "/etc/systemd/system/multi-user.target.wants";

/// As much of a log's last line as a sentence can hold, in characters.
const LONGEST_LINE: usize = 200;

/// Looks at Supervisor.
pub fn check(lamp: &Lamp, report: &mut Report<'_>) {
    let system = &lamp.system;
    if !system.exists("/usr/bin/supervisord") {
        report.problem("Supervisor is not installed", &Cure::root("apt-get install supervisor"));
        return;
    }
    // Without systemd something else has to start it, of which nothing is known.
    if system.exists("/lib/systemd/system/supervisor.service")
        && system.path(format!("{WANTED}/supervisor.service")).symlink_metadata().is_err()
    {
        report.problem("Supervisor does not start at boot", &Cure::root("systemctl enable supervisor"));
    }
    match &lamp.supervisor {
        Supervisor::NotAsked => {
            report.ok_otherwise("Supervisor is installed and starts at boot");
            return;
        }
        Supervisor::NeedsRoot => {
            report.needs_root("whether Supervisor runs the programs");
            return;
        }
        Supervisor::Down => {
            report.problem(
                "Supervisor does not run, and with it nothing of the lamp",
                &Cure::root("service supervisor start"),
            );
            return;
        }
        Supervisor::Strange(reason) => {
            report.problem(
                format!("nothing is known of the lamp's programs: {reason}"),
                &Cure::root("service supervisor restart"),
            );
            return;
        }
        Supervisor::Up(_) => {}
    }
    for name in Lamp::names() {
        program(lamp, name, report);
    }
    report.ok_otherwise("Supervisor runs the lamp's programs");
}

fn program(lamp: &Lamp, name: &str, report: &mut Report<'_>) {
    let start = Cure::root(format!("supervisorctl start {name}"));
    let update = Cure::root(format!("supervisorctl update {name}"));
    let Some(state) = lamp.state_of(name) else {
        if lamp.conf_state(name) == ConfState::Present {
            report.problem(format!("Supervisor has not read the file of {name} yet"), &update);
        }
        return;
    };
    if !lamp.wants(name) {
        report.warning(format!("{name} is disabled, and Supervisor still has it as {state}"), &update);
        return;
    }
    match state {
        "RUNNING" | "STARTING" => not_updated(lamp, name, report),
        "STOPPED" => {
            report.warning(format!("{name} was stopped, and starts again only at the next boot"), &start);
        }
        "STOPPING" => {}
        // Its lock or its place is taken, of which another check tells.
        "BACKOFF" | "FATAL" | "EXITED" if has_rival(lamp, name) => {}
        "BACKOFF" => report.problem(
            format!("{name} ends as soon as it is started; {}", said(lamp, name)),
            &Cure::root(format!("supervisorctl restart {name}")),
        ),
        "FATAL" => report.problem(
            format!("{name} could not be started, and Supervisor has given it up; {}", said(lamp, name)),
            &start,
        ),
        state => report.problem(format!("{name} is {state} and does not run; {}", said(lamp, name)), &start),
    }
}

/// Whether somebody else than Supervisor runs a program.
fn has_rival(lamp: &Lamp, name: &str) -> bool {
    lamp.processes.iter().any(|process| process.program == name && process.supervisor.is_none())
}

/// A program that runs as its file said once.
fn not_updated(lamp: &Lamp, name: &str, report: &mut Report<'_>) {
    let Some(program) = lamp.program(name) else { return };
    let mut running =
        lamp.processes.iter().filter(|process| process.program == name && process.supervisor.is_some());
    let differs = |process: &Process| {
        // What a script calls in its turn cannot be compared.
        let other_call = process.words.first() == program.command.first() && process.words != program.command;
        let user = program.user.as_deref().unwrap_or("root");
        other_call || (lamp.system.account(user).is_some() && lamp.system.user_name(process.uid) != user)
    };
    if let Some(process) = running.find(|process| differs(process)) {
        report.warning(
            format!(
                "{name} runs as {}, `{}`, which its file no longer says",
                lamp.system.user_name(process.uid),
                process.words.join(" ")
            ),
            &Cure::root(format!("supervisorctl update {name}")),
        );
    }
}

/// The last that a program said.
fn said(lamp: &Lamp, name: &str) -> String {
    let logs = lamp.program(name).map(|program| program.logs.clone()).unwrap_or_default();
    let text = logs.first().and_then(|log| super::logs::tail(&lamp.system.path(log)));
    let last = text.as_deref().and_then(|text| text.lines().rev().find(|line| !line.trim().is_empty()));
    match last {
        Some(line) => {
            let mut short: String = line.trim().chars().take(LONGEST_LINE).collect();
            if short.len() < line.trim().len() {
                short.push_str("...");
            }
            format!("its last words are: {short}")
        }
        None => "it has said nothing".into(),
    }
}
