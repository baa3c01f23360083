// SPDX-License-Identifier: GPL-3.0-or-later
//! What else starts the lamp's programs, beside the package: the remains of a set-up by hand, and files of others.

use autostart::{Found, Owner, Reason, Unread};

use super::fix::{Action, Command, Fix};
use super::lamp::Lamp;
use super::report::Report;
use runtime::quoting::quoted;

/// Looks at everything that can start a program.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let survey = autostart::find(lamp.system.root());
    for found in &survey.found {
        match &found.action {
            autostart::Action::Name(reason) => named(found, reason, report),
            _ => report.worse(!found.starts.is_empty(), found.what_starts(), Action::TakeOver),
        }
    }
    // Of Supervisor's files another check tells.
    for unread in survey.unread.into_iter().filter(|unread| *unread != Unread::Supervisor) {
        report.needs_root(&unread.to_string());
    }
    report.ok_otherwise("nothing but the package starts the lamp's programs");
}

/// A file that is not the lamp's to change.
fn named(found: &Found, reason: &Reason, report: &mut Report) {
    let by_hand = |command: String| {
        Fix::by_command(format!("Take {}", found.what_to_take()), Command::of_root(command))
    };
    match (reason, found.starts.first()) {
        (Reason::Users(user), _) if found.path.starts_with("/var/spool/cron/crontabs/") => {
            report.problem(found.what_starts(), by_hand(format!("crontab -u {} -e", quoted(user))));
        }
        // A job of at is no file to be edited.
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
