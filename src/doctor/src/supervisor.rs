// SPDX-License-Identifier: GPL-3.0-or-later
//! Supervisor itself, and how it finds the lamp's programs.

use autostart::Process;

use supervisor_client::log::last_bytes;

use super::fix::{Action, Tool};
use super::lamp::{ConfState, Lamp, Supervisor};
use super::report::{Need, Report};
use runtime::quoting::visible;

/// Where systemd has the services that it starts at boot.
const WANTED: &str = "/etc/systemd/system/multi-user.target.wants";

/// As much of a log's last line as a sentence can hold, in characters.
const LONGEST_LINE: usize = 200;

/// Whether there is one.
pub(super) fn installed(lamp: &Lamp, report: &mut Report) {
    if !lamp.system.exists("/usr/bin/supervisord") {
        report.lacks(Need::Supervisor);
        report.problem("Supervisor is not installed", Action::Run(Tool::Install("supervisor")));
    }
}

/// Whether it runs, and will after the next boot.
pub(super) fn running(lamp: &Lamp, report: &mut Report) {
    let system = &lamp.system;
    // Without systemd something else has to start it, of which nothing is known.
    if system.exists("/lib/systemd/system/supervisor.service")
        && system.path(format!("{WANTED}/supervisor.service")).symlink_metadata().is_err()
    {
        report.problem(
            "Supervisor does not start at boot",
            Action::Run(Tool::EnableUnit("supervisor.service")),
        );
    }
    match &lamp.supervisor {
        Supervisor::NotAsked => report.ok_otherwise("Supervisor is installed and starts at boot"),
        Supervisor::NeedsRoot => report.needs_root("whether Supervisor runs the programs"),
        Supervisor::Down => {
            report.lacks(Need::RunningSupervisor);
            report.problem(
                "Supervisor does not run, and with it nothing of the lamp",
                Action::Run(Tool::StartService("supervisor")),
            );
        }
        Supervisor::Strange(reason) => {
            report.lacks(Need::RunningSupervisor);
            report.without_fix(format!("nothing is known of the lamp's programs: {reason}"));
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
        // Without anything that drives the LEDs, its program cannot run.
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
            report.problem(format!("Supervisor has not read the file of {name} yet"), update());
        }
        return;
    };
    let (state, description) = (state.name.as_str(), state.description.as_str());
    if !lamp.wants(name) {
        report.warning(format!("{name} is disabled, and Supervisor still has it as {state}"), update());
        return;
    }
    match state {
        "RUNNING" | "STARTING" => not_updated(lamp, name, report),
        "STOPPED" => {
            let text = format!("{name} was stopped, and starts again only at the next boot");
            report.warning(text, Action::Start(name));
        }
        "STOPPING" => {}
        // Its lock or its place is taken, of which another check tells.
        "BACKOFF" | "FATAL" | "EXITED" if has_rival(lamp, name) => {}
        // Never started, it ends by nothing: what is missing has been told by who looks at the files.
        "BACKOFF" | "FATAL" if lacks_command(lamp, name) => {}
        "BACKOFF" | "FATAL" if !is_said_by_program(description) => {
            report.problem(
                format!("{name} cannot be started; Supervisor says: `{description}`"),
                Action::Restart(name),
            );
        }
        "BACKOFF" => report.problem(
            format!("{name} ends as soon as it is started; {}", said(lamp, name)),
            Action::Restart(name),
        ),
        "FATAL" => report.problem(
            format!("{name} could not be started, and Supervisor has given it up; {}", said(lamp, name)),
            Action::Start(name),
        ),
        state => report.problem(
            format!("{name} is {state} and does not run; {}", said(lamp, name)),
            Action::Start(name),
        ),
    }
}

/// Whether it is the program that ended: of all that keeps it from starting Supervisor says something of its own.
fn is_said_by_program(description: &str) -> bool {
    description.is_empty()
        || description.starts_with("Exited too quickly")
        || description.starts_with("exited:")
}

/// Whether the file that a program's call begins with is missing, which is told as that.
fn lacks_command(lamp: &Lamp, name: &str) -> bool {
    let command = lamp.program(name).and_then(|program| program.command.first());
    command.is_some_and(|command| command.starts_with('/') && !lamp.system.exists(command))
}

/// Whether somebody else than Supervisor runs a program.
fn has_rival(lamp: &Lamp, name: &str) -> bool {
    lamp.processes.iter().any(|process| process.program == name && process.supervisor.is_none())
}

/// A program that runs as its file said once.
fn not_updated(lamp: &Lamp, name: &'static str, report: &mut Report) {
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
            Action::Update(name.to_owned()),
        );
    }
}

/// What pigpio says last of all, and after the reason.
const UNINITIALISED: &str = "Can't initialise pigpio library";

/// As much of a log's end as is read, in bytes.
const TAIL: u64 = 8 << 10;

/// The last that a program said.
fn said(lamp: &Lamp, name: &str) -> String {
    let logs = lamp.program(name).map(|program| program.logs.clone()).unwrap_or_default();
    let end = logs.first().and_then(|log| last_bytes(&lamp.system.path(log), TAIL).ok()).unwrap_or_default();
    match last_words(&String::from_utf8_lossy(&end)) {
        Some(words) => format!("its last words are: `{words}`"),
        None => "it has said nothing".into(),
    }
}

/// The last line of a log that gives a reason, as much of it as a sentence can hold.
fn last_words(text: &str) -> Option<String> {
    // pigpio puts some reasons into a box.
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
    use super::last_words;

    #[test]
    fn the_reason_of_pigpiod_comes_before_its_last_line() {
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
            assert_eq!(last_words(text).as_deref(), words, "{text}");
        }
        assert_eq!(last_words(&"x".repeat(300)).map(|words| words.len()), Some(203));
    }
}
