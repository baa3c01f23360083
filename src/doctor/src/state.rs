// SPDX-License-Identifier: GPL-3.0-or-later
//! The file that keeps the lamp's state, and its folder.

use std::io::ErrorKind;
use std::path::Path;

use lamp::state::LampState;
use serde_json::Value;

use super::fix::{Action, Content, Fix, Owner, Theirs};
use super::lamp::Lamp;
use super::report::Report;
use super::system::{READ, WRITE};
use runtime::quoting::quoted;

/// Looks at the state.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let system = &lamp.system;
    let name = lamp.user();
    let Some(account) = system.account(name) else { return };
    let file = lamp.service.state();
    let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("/"));
    let owner = Owner::of(&account, system);
    let give = Action::Set(Theirs::Folder { path: folder.to_owned(), owner: owner.clone() });
    let (shown, who) = (quoted(&folder.to_string_lossy()), quoted(name));
    match system.may(&account, folder, READ | WRITE) {
        Ok(true) => {}
        Ok(false) => {
            report.problem(format!("{who} may not write to {shown}, so the lamp forgets its colour"), give);
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => report.needs_root("the lamp's state"),
        Err(_) => report.problem(format!("{shown} does not exist, so the lamp forgets its colour"), give),
    }
    let shown = quoted(&file.to_string_lossy());
    let aside = || {
        let aside = Action::Set(Theirs::PutAside { path: file.clone(), owner: owner.clone() });
        Fix::from(aside).then(lamp.restart("lamp_service"))
    };
    let is_unread = system.may(&account, &file, READ).is_ok_and(|may| !may);
    match system.text(&file) {
        Ok(text) if is_state(&text) && is_unread => report.problem(
            format!("{who} may not read {shown}, so the lamp starts in full red"),
            Action::Set(Theirs::Renew { path: file.clone(), owner: owner.clone(), content: Content::State }),
        ),
        Ok(text) if is_state(&text) => {}
        Ok(_) => {
            report.warning(format!("{shown} holds no state, so the lamp will start in full red"), aside());
        }
        // A new lamp has none.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) if error.kind() == ErrorKind::PermissionDenied => report.needs_root("the lamp's state"),
        Err(error) => report.warning(format!("{shown} cannot be read: {error}"), aside()),
    }
    report.ok_otherwise("the lamp's state can be kept");
}

/// Whether a text is what `lamp_service` keeps, and nothing else.
pub(super) fn is_state(text: &str) -> bool {
    let content: Option<Value> = serde_json::from_str(text).ok();
    content.is_some_and(|content| {
        content["version"] == 1 && LampState::from_json(content["state"].to_string().as_bytes()).is_ok()
    })
}
