// SPDX-License-Identifier: GPL-3.0-or-later
//! The file that keeps the lamp's state, and its folder.

use std::io::ErrorKind;
use std::path::Path;

use lamp::state::LampState;
use serde_json::Value;

use super::cure::{Cure, quoted};
use super::lamp::Lamp;
use super::report::Report;
use super::system::{READ, WRITE};

/// Looks at the state.
pub fn check(lamp: &Lamp, report: &mut Report<'_>) {
    let system = &lamp.system;
    let name = lamp.user();
    let Some(account) = system.account(name) else { return };
    let file = lamp.state();
    let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("/"));
    let shown = folder.display();
    match system.may(account, folder, READ | WRITE) {
        Ok(true) => {}
        Ok(false) => report.problem(
            format!("{name} may not write to {shown}, so the lamp forgets its colour"),
            &Cure::root(format!("chown -R {name}: {shown}")).and(Cure::root(format!("chmod 0755 {shown}"))),
        ),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => report.needs_root("the lamp's state"),
        Err(_) => report.problem(
            format!("{shown} does not exist, so the lamp forgets its colour"),
            &Cure::root(format!(
                "install --directory --mode=0755 --owner={name} --group={} {shown}",
                system.group_name(account.gid)
            )),
        ),
    }
    let shown = quoted(&file.to_string_lossy());
    match system.text(&file) {
        Ok(text) if is_state(&text) => {}
        Ok(_) => report.warning(
            format!("{shown} holds no state, so the lamp will start in full red"),
            &Cure::root(format!("mv {shown} {shown}.bad")).and_maybe(lamp.restart("lamp_service")),
        ),
        // A new lamp has none.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) if error.kind() == ErrorKind::PermissionDenied => report.needs_root("the lamp's state"),
        Err(error) => report.warning(
            format!("{shown} cannot be read: {error}"),
            &Cure::root(format!("mv {shown} {shown}.bad")).and_maybe(lamp.restart("lamp_service")),
        ),
    }
    if system.may(account, &file, READ).is_ok_and(|may| !may) {
        report.problem(
            format!("{name} may not read {shown}, so the lamp starts in full red"),
            &Cure::root(format!("chown {name}: {shown}")).and(Cure::root(format!("chmod 0644 {shown}"))),
        );
    }
    report.ok_otherwise("the lamp's state can be kept");
}

fn is_state(text: &str) -> bool {
    let content: Option<Value> = serde_json::from_str(text).ok();
    content.is_some_and(|content| {
        content["version"] == 1 && LampState::from_json(content["state"].to_string().as_bytes()).is_ok()
    })
}
