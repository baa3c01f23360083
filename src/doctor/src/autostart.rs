// SPDX-License-Identifier: GPL-3.0-or-later
//! What starts the lamp's programs besides the package: a manual set-up, and files of others.

use autostart::{Found, Owner, Reason, Unread};

use super::fix::{Action, Command, Fix};
use super::lamp::Lamp;
use super::report::Report;
use runtime::quoting::quoted;

/// Checks everything that can start a program.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let survey = autostart::find(lamp.system.root());
    for found in &survey.found {
        match &found.action {
            autostart::Action::Name(reason) => named(found, reason, report),
            _ => report.worse(!found.starts.is_empty(), found.what_starts(), Action::TakeOver),
        }
    }
    // Another check reports Supervisor's files.
    for unread in survey.unread.into_iter().filter(|unread| *unread != Unread::Supervisor) {
        report.needs_root(&unread.to_string());
    }
    report.ok_otherwise("only the package starts the lamp's programs");
}

/// Reports a file that the doctor must not change.
fn named(found: &Found, reason: &Reason, report: &mut Report) {
    let by_hand = |command: String| {
        Fix::by_command(format!("Remove {}", found.what_to_remove()), Command::of_root(command))
    };
    match (reason, found.starts.first()) {
        (Reason::Users(user), _) if found.path.starts_with("/var/spool/cron/crontabs/") => {
            report.problem(found.what_starts(), by_hand(format!("crontab -u {} -e", quoted(user))));
        }
        // A job of at cannot be edited.
        (Reason::Whole, Some(start))
            if !matches!(found.owner, Owner::User(_)) && !found.path.starts_with("/var/spool/") =>
        {
            report.problem(
                found.what_starts(),
                by_hand(format!("editor +{} {}", start.line, quoted(&start.file))),
            );
        }
        _ => report.without_fix(found.advice()),
    }
}
