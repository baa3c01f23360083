// SPDX-License-Identifier: GPL-3.0-or-later
//! What else starts the lamp's programs, beside the package: the remains of a set-up by hand, and files of others.

use autostart::{Action, Found, Owner, Reason, Unread};

use super::cure::{Cure, quoted};
use super::lamp::Lamp;
use super::report::Report;
use crate::take_over;

/// Looks at everything that can start a program.
pub fn check(lamp: &Lamp, report: &mut Report<'_>) {
    let survey = autostart::find(lamp.system.root());
    for found in &survey.found {
        match &found.action {
            Action::Name(reason) => named(found, reason, report),
            _ => report.worse(
                !found.starts.is_empty(),
                take_over::starts(found),
                &Cure::root(take_over::COMMAND).and_maybe(lamp.update(None)),
            ),
        }
    }
    // Of Supervisor's files another check tells.
    for unread in survey.unread.into_iter().filter(|unread| *unread != Unread::Supervisor) {
        report.needs_root(&unread.to_string());
    }
    report.ok_otherwise("nothing but the package starts the lamp's programs");
}

/// A file that is not the lamp's to change.
fn named(found: &Found, reason: &Reason, report: &mut Report<'_>) {
    let text = take_over::named(found);
    let start = found.starts.first();
    match (reason, start) {
        (Reason::Packages, _) => report.without_cure(text),
        (Reason::Users(user), _) if found.path.starts_with("/var/spool/cron/") => {
            report.problem(text, &Cure::root(format!("crontab -u {} -e", quoted(user))));
        }
        (_, Some(start)) if found.owner == Owner::Admin => {
            report.problem(text, &Cure::root(format!("editor +{} {}", start.line, quoted(&start.file))));
        }
        _ => report.without_cure(text),
    }
}
