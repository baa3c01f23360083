// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs of the lamp that run twice, or that somebody else than Supervisor runs.
//!
//! Two pigpiods fight for one lock, two clients of one MQTT name throw each other out for ever, and two fbcps draw over
//! each other.

use autostart::Process;

use super::cure::Cure;
use super::lamp::{Lamp, Supervisor};
use super::report::Report;

/// Looks at the processes.
pub fn check(lamp: &Lamp, report: &mut Report<'_>) {
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
            let (text, cure) = match &process.service {
                Some(service) => (
                    format!("{service} runs `{called}` {beside}"),
                    Cure::root(format!("systemctl disable --now {service}")),
                ),
                None => (
                    format!("`{called}` runs {beside}, as process {}", process.pid),
                    Cure::root(format!("kill {}", process.pid)),
                ),
            };
            // In the other states Supervisor runs it, tries on by itself, or was told to leave it.
            let given_up = matches!(lamp.state_of(name), Some("FATAL" | "EXITED"));
            let start = given_up.then(|| {
                Cure::anybody(format!("tail --pid={} --follow /dev/null", process.pid))
                    .and(Cure::root(format!("supervisorctl start {name}")))
            });
            report.problem(text, &cure.and_maybe(start));
        }
        for process in own.iter().filter(|process| process.outdated) {
            report.warning(
                format!("{name} (process {}) still runs a file that was replaced since", process.pid),
                &Cure::root(format!("supervisorctl restart {name}")),
            );
        }
    }
    report.ok_otherwise("no program of the lamp runs twice");
}
