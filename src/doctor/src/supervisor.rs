// SPDX-License-Identifier: GPL-3.0-or-later
//! Supervisor itself, and the state of the lamp's programs in it.

use autostart::Process;

use supervisor_client::log::last_bytes;

use super::fix::{Action, Tool};
use super::lamp::{ConfState, Lamp, Supervisor};
use super::report::{Need, Report};
use runtime::quoting::visible;

/// Where systemd links the services that it starts at boot.
const WANTED: &str = "/etc/systemd/system/multi-user.target.wants";

/// The longest part of a log line in a finding, in characters.
const LONGEST_LINE: usize = 200;

/// Whether it is installed.
pub(super) fn installed(lamp: &Lamp, report: &mut Report) {
    if !lamp.system.exists("/usr/bin/supervisord") {
        report.lacks(Need::Supervisor);
        report.problem("Supervisor is not installed", Action::Run(Tool::Install("supervisor")));
    }
}

/// Whether it runs, and starts at the next boot.
pub(super) fn running(lamp: &Lamp, report: &mut Report) {
    let system = &lamp.system;
    // Without systemd something else starts it, which the doctor cannot check.
    if system.exists("/lib/systemd/system/supervisor.service")
        && system.path(format!("{WANTED}/supervisor.service")).symlink_metadata().is_err()
    {
        report.problem(
            "Supervisor does not start at boot, and so neither does the lamp",
            Action::Run(Tool::EnableUnit("supervisor.service")),
        );
    }
    match &lamp.supervisor {
        Supervisor::NotAsked => report.ok_otherwise("Supervisor is installed and starts at boot"),
        Supervisor::NeedsRoot => report.needs_root("whether Supervisor runs the programs"),
        Supervisor::Down => {
            report.lacks(Need::RunningSupervisor);
            report.problem(
                "Supervisor does not run, so none of the lamp's programs runs",
                Action::Run(Tool::StartService("supervisor")),
            );
        }
        Supervisor::Unusable(reason) => {
            report.lacks(Need::RunningSupervisor);
            report.without_fix(format!("cannot check the lamp's programs: {reason}"));
        }
        Supervisor::Up(_) => {}
    }
}

/// Whether it runs the lamp's programs.
pub(super) fn programs(lamp: &Lamp, report: &mut Report) {
    if !matches!(lamp.supervisor, Supervisor::Up(_)) {
        return;
    }
    for name in Lamp::names() {
        // pigpiod cannot run where nothing can drive the LEDs.
        if name != "pigpiod" || !report.is_missing(Need::Pigpiod) {
            program(lamp, name, report);
        }
    }
    report.ok_otherwise("Supervisor runs the lamp's programs");
}

fn program(lamp: &Lamp, name: &'static str, report: &mut Report) {
    let update = || Action::Update(name.to_owned());
    let Some(state) = lamp.state_of(name) else {
        if lamp.conf_state(name) == ConfState::Present {
            report.problem(
                format!("Supervisor has not read the file of {name} yet, so {name} does not run"),
                update(),
            );
        }
        return;
    };
    let (state, description) = (state.name.as_str(), state.description.as_str());
    if !lamp.wants(name) {
        report.warning(format!("{name} is disabled, but Supervisor still has it as {state}"), update());
        return;
    }
    match state {
        "RUNNING" | "STARTING" => not_updated(lamp, name, report),
        "STOPPED" => {
            let text = format!("{name} is stopped until the next boot");
            report.warning(text, Action::Start(name));
        }
        "STOPPING" => {}
        // Another process has its lock or connection, which another check reports.
        "BACKOFF" | "FATAL" | "EXITED" if has_rival(lamp, name) => {}
        // It was never started. The check of the files has reported what is missing.
        "BACKOFF" | "FATAL" if lacks_command(lamp, name) => {}
        "BACKOFF" | "FATAL" if !has_exited(description) => {
            report.problem(format!("Supervisor cannot start {name}: `{description}`"), Action::Restart(name));
        }
        "BACKOFF" => report.problem(
            format!("{name} exits as soon as it is started; {}", last_log_line(lamp, name)),
            Action::Restart(name),
        ),
        "FATAL" => report.problem(
            format!(
                "{name} failed to start, and Supervisor no longer retries; {}",
                last_log_line(lamp, name)
            ),
            Action::Start(name),
        ),
        state => report.problem(
            format!("{name} does not run: Supervisor has it as {state}; {}", last_log_line(lamp, name)),
            Action::Start(name),
        ),
    }
}

/// Whether the program itself exited. For everything else that prevents its start, Supervisor has other
/// texts.
fn has_exited(description: &str) -> bool {
    description.is_empty()
        || description.starts_with("Exited too quickly")
        || description.starts_with("exited:")
}

/// Whether the program's command names a missing file, which another check reports.
fn lacks_command(lamp: &Lamp, name: &str) -> bool {
    let command = lamp.program(name).and_then(|program| program.command.first());
    command.is_some_and(|command| command.starts_with('/') && !lamp.system.exists(command))
}

/// Whether a process that Supervisor did not start runs the program.
fn has_rival(lamp: &Lamp, name: &str) -> bool {
    lamp.processes.iter().any(|process| process.program == name && process.supervisor.is_none())
}

/// Reports a program that still runs with an earlier command or user.
fn not_updated(lamp: &Lamp, name: &'static str, report: &mut Report) {
    let Some(program) = lamp.program(name) else { return };
    let mut running =
        lamp.processes.iter().filter(|process| process.program == name && process.supervisor.is_some());
    let differs = |process: &Process| {
        // The command of a script's child cannot be compared.
        let other_call = process.words.first() == program.command.first() && process.words != program.command;
        let user = program.user.as_deref().unwrap_or("root");
        other_call || (lamp.system.account(user).is_some() && lamp.system.user_name(process.uid) != user)
    };
    if let Some(process) = running.find(|process| differs(process)) {
        report.warning(
            format!(
                "{name} still runs with its earlier configuration, as {}: `{}`",
                lamp.system.user_name(process.uid),
                process.words.join(" ")
            ),
            Action::Update(name.to_owned()),
        );
    }
}

/// pigpio's last line, after the reason.
const UNINITIALISED: &str = "Can't initialise pigpio library";

/// How much is read from the end of a log, in bytes.
const TAIL: u64 = 8 << 10;

/// The last line of a program's log, for a finding.
fn last_log_line(lamp: &Lamp, name: &str) -> String {
    let logs = lamp.program(name).map(|program| program.logs.clone()).unwrap_or_default();
    let end = logs.first().and_then(|log| last_bytes(&lamp.system.path(log), TAIL).ok()).unwrap_or_default();
    match last_reason(&String::from_utf8_lossy(&end)) {
        Some(line) => format!("the last line of its log: `{line}`"),
        None => "its log is empty".into(),
    }
}

/// The last line of a log that gives a reason, at most [`LONGEST_LINE`] characters.
fn last_reason(text: &str) -> Option<String> {
    // pigpio draws a box around some reasons.
    let line = |line: &&str| !line.is_empty() && !line.starts_with("+--") && !line.contains(UNINITIALISED);
    let bare = text
        .lines()
        .rev()
        .map(|line| line.trim_matches(|letter: char| letter == '|' || letter.is_whitespace()));
    let line = bare.clone().find(line).or_else(|| bare.clone().find(|line| !line.is_empty()))?;
    let mut short: String = visible(line).chars().take(LONGEST_LINE).collect();
    if short.len() < line.len() {
        short.push_str("...");
    }
    Some(short)
}

#[cfg(test)]
mod tests {
    use super::last_reason;

    #[test]
    fn finds_pigpiods_reason_before_its_last_line() {
        for (text, words) in [
            ("", None),
            ("\n \n", None),
            ("one\ntwo\n\n", Some("two")),
            (
                "2026-11-27 12:00:00 initInitialise: Can't lock /var/run/pigpio.pid\nCan't initialise pigpio library\n",
                Some("2026-11-27 12:00:00 initInitialise: Can't lock /var/run/pigpio.pid"),
            ),
            (
                "+-----+\n|Sorry, you don't have permission to run this program. |\n+-----+\n\n\
                 Can't initialise pigpio library\n",
                Some("Sorry, you don't have permission to run this program."),
            ),
            ("Can't initialise pigpio library\n", Some("Can't initialise pigpio library")),
        ] {
            assert_eq!(last_reason(text).as_deref(), words, "{text}");
        }
        assert_eq!(last_reason(&"x".repeat(300)).map(|words| words.len()), Some(203));
    }
}
