// SPDX-License-Identifier: GPL-3.0-or-later
//! The file with the lamp's state, and its directory.

use std::io::ErrorKind;
use std::path::Path;

use lamp::state::LampState;
use serde_json::Value;

use super::fix::{Action, Content, Fix, Owner, Theirs};
use super::lamp::Lamp;
use super::report::Report;
use super::system::{READ, WRITE};
use runtime::quoting::quoted;

/// Checks the state.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let system = &lamp.system;
    let name = lamp.user();
    let Some(account) = system.account(name) else { return };
    let file = lamp.service.state();
    let directory = file.parent().filter(|directory| *directory != Path::new("")).unwrap_or(Path::new("/"));
    let owner = Owner::of(&account, system);
    let give = Action::Set(Theirs::Directory { path: directory.to_owned(), owner: owner.clone() });
    let (shown, who) = (quoted(&directory.to_string_lossy()), quoted(name));
    match system.may(&account, directory, READ | WRITE) {
        Ok(true) => {}
        Ok(false) => {
            report.problem(
                format!("{who} cannot write to {shown}, so the lamp loses its colour at a restart"),
                give,
            );
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => report.needs_root("the lamp's state"),
        Err(_) => {
            report
                .problem(format!("{shown} does not exist, so the lamp loses its colour at a restart"), give);
        }
    }
    let shown = quoted(&file.to_string_lossy());
    let aside = || {
        let aside = Action::Set(Theirs::PutAside { path: file.clone(), owner: owner.clone() });
        Fix::from(aside).then(lamp.restart("lamp_service"))
    };
    let is_unread = system.may(&account, &file, READ).is_ok_and(|may| !may);
    match system.text(&file) {
        Ok(text) if is_state(&text) && is_unread => report.problem(
            format!("{who} cannot read {shown}, so the lamp starts in full red"),
            Action::Set(Theirs::Renew { path: file.clone(), owner: owner.clone(), content: Content::State }),
        ),
        Ok(text) if is_state(&text) => {}
        Ok(_) => {
            report.warning(
                format!("{shown} does not contain a valid state, so the lamp starts in full red"),
                aside(),
            );
        }
        // A new lamp has none.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) if error.kind() == ErrorKind::PermissionDenied => report.needs_root("the lamp's state"),
        Err(error) => report.warning(format!("cannot read {shown}: {error}"), aside()),
    }
    report.ok_otherwise("lamp_service can save the lamp's state");
}

/// Whether a text is a state that `lamp_service` has saved.
pub(super) fn is_state(text: &str) -> bool {
    let content: Option<Value> = serde_json::from_str(text).ok();
    content.is_some_and(|content| {
        content["version"] == 1 && LampState::from_json(content["state"].to_string().as_bytes()).is_ok()
    })
}
