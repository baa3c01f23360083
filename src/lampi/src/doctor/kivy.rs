// SPDX-License-Identifier: GPL-3.0-or-later
//! The Kivy configuration of the lamp's user, by which `lamp_ui` turns its picture and reads the touch screen.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kivy_conf::Kivy;

use super::cure::{Cure, quoted};
use super::lamp::Lamp;
use super::report::Report;
use super::system::READ;

/// Looks at the configuration as `lamp_ui` will.
pub fn check(lamp: &Lamp, report: &mut Report<'_>) {
    let system = &lamp.system;
    let Some(account) = system.account(lamp.user()) else { return };
    if !lamp.wants("lamp_ui") {
        return;
    }
    let home = lamp.variable("lamp_ui", "HOME").unwrap_or(&account.home);
    let folder: PathBuf = match lamp.variable("lamp_ui", "KIVY_HOME") {
        Some(folder) => {
            folder.strip_prefix('~').map_or_else(|| folder.to_owned(), |rest| format!("{home}{rest}")).into()
        }
        None => Path::new(home).join(".kivy"),
    };
    let file = folder.join("config.ini");
    let shown = quoted(&file.to_string_lossy());
    match system.metadata(&file) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return report.needs_root("the Kivy configuration");
        }
        Err(_) => return report.ok(format!("there is no {shown}, and none is needed")),
        Ok(_) => {}
    }
    if !system.may(account, &file, READ).unwrap_or(true) {
        report.warning(
            format!("{} may not read {shown}, so touches may land elsewhere than the finger", account.name),
            &Cure::root(format!("chown -R {}: {}", account.name, quoted(&folder.to_string_lossy())))
                .and(Cure::root(format!("chmod u+rX {} {shown}", quoted(&folder.to_string_lossy())))),
        );
    }
    if system.text(&file).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) {
        return report.needs_root("the Kivy configuration");
    }
    let mut environment =
        lamp.program("lamp_ui").map(|program| program.environment.clone()).unwrap_or_default();
    environment.insert("KIVY_HOME".into(), system.path(&folder).to_string_lossy().into_owned());
    let real = system.path(&file).to_string_lossy().into_owned();
    for warning in Kivy::load(environment).warnings {
        // Some say the file themselves.
        let what =
            warning.strip_prefix(&real).map_or(warning.as_str(), |rest| rest.trim_start_matches([':', ' ']));
        report.warning(
            format!("{shown}: {what}"),
            &Cure::root(format!("editor {shown}")).and_maybe(lamp.restart("lamp_ui")),
        );
    }
    report.ok_otherwise(format!("{shown} is understood"));
}
