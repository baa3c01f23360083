// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs of the lamp that run twice, or that somebody else than Supervisor runs.
//!
//! Two pigpiods fight for one lock, two clients of one MQTT name throw each other out for ever, and two fbcps draw over
//! each other.

use autostart::Process;

use super::fix::{Action, Command, Fix};
use super::lamp::{Lamp, Supervisor};
use super::report::Report;
use runtime::quoting::quoted;

/// Looks at the processes.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    if !lamp.system.runs {
        return;
    }
    // Without Supervisor the oldest stays.
    let has_supervisor = matches!(lamp.supervisor, Supervisor::Up(_) | Supervisor::NeedsRoot);
    for name in Lamp::names() {
        let (own, strange): (Vec<&Process>, Vec<&Process>) = lamp
            .processes
            .iter()
            .filter(|process| process.program == name)
            .partition(|process| process.supervisor.is_some());
        let kept = usize::from(!has_supervisor && own.is_empty());
        for process in strange.iter().skip(kept) {
            let called = process.words.join(" ");
            let beside = if own.is_empty() { "in place of Supervisor's" } else { "beside Supervisor's" };
            let text = match &process.service {
                Some(service) => format!("{} runs `{called}` {beside}", quoted(service)),
                None => format!("`{called}` runs {beside}, as process {}", process.pid),
            };
            report.problem(text, end(lamp, process));
        }
        for process in own.iter().filter(|process| process.outdated) {
            report.warning(
                format!("{name} (process {}) still runs a file that was replaced since", process.pid),
                Action::Restart(name),
            );
        }
    }
    report.ok_otherwise("no program of the lamp runs twice");
}

/// What ends a process that somebody else than Supervisor started.
fn end(lamp: &Lamp, process: &Process) -> Fix {
    if lamp.system.is_this() && autostart::holds(process).is_some() {
        return Action::TakeOver.into();
    }
    match &process.service {
        Some(service) => Fix::by_command(
            "Stop that service, for good",
            Command::of_root(format!("systemctl disable --now {}", quoted(service))),
        ),
        None => Fix::by_command("End that process", Command::of_root(format!("kill {}", process.pid))),
    }
}
