// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs of the lamp that run twice or that Supervisor did not start.
//!
//! Two pigpiods need the same lock, two clients with one MQTT client ID disconnect each other again and
//! again, and two fbcps draw over each other.

use autostart::Process;

use super::fix::{Action, Command, Fix};
use super::lamp::{Lamp, Supervisor};
use super::report::Report;
use runtime::quoting::quoted;

/// Checks the processes.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    if !lamp.system.runs {
        return;
    }
    // Without Supervisor, the oldest process stays.
    let has_supervisor = matches!(lamp.supervisor, Supervisor::Up(_) | Supervisor::NeedsRoot);
    for name in Lamp::names() {
        let (own, foreign): (Vec<&Process>, Vec<&Process>) = lamp
            .processes
            .iter()
            .filter(|process| process.program == name)
            .partition(|process| process.supervisor.is_some());
        let kept = usize::from(!has_supervisor && own.is_empty());
        for process in foreign.iter().skip(kept) {
            let called = process.words.join(" ");
            let beside = if own.is_empty() { "instead of Supervisor" } else { "in addition to Supervisor" };
            let text = match &process.service {
                Some(service) => format!("{} runs `{called}` {beside}", quoted(service)),
                None => format!(
                    "a process that Supervisor did not start runs `{called}` (process {})",
                    process.pid
                ),
            };
            report.problem(text, end(lamp, process));
        }
        for process in own.iter().filter(|process| process.outdated) {
            report.warning(
                format!(
                    "{name} (process {}) still runs its old version, because its file was replaced",
                    process.pid
                ),
                Action::Restart(name),
            );
        }
    }
    report.ok_otherwise("each program of the lamp runs once at most");
}

/// The fix for a process that Supervisor did not start.
fn end(lamp: &Lamp, process: &Process) -> Fix {
    if lamp.system.is_this() && autostart::holds(process).is_some() {
        return Action::TakeOver.into();
    }
    match &process.service {
        Some(service) => Fix::by_command(
            "Stop and disable that service",
            Command::of_root(format!("systemctl disable --now {}", quoted(service))),
        ),
        None => Fix::by_command("End that process", Command::of_root(format!("kill {}", process.pid))),
    }
}
