// SPDX-License-Identifier: GPL-3.0-or-later
//! The Kivy configuration of the lamp's user: `lamp_ui` reads its rotation and its touch screen settings.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kivy_conf::Kivy;
use system_files::{User, as_user};

use super::fix::{Action, Command, Content, Fix, Owner, Theirs};
use super::lamp::Lamp;
use super::report::Report;
use super::system::READ;
use runtime::quoting::quoted;

/// Checks the configuration as `lamp_ui` will read it.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let system = &lamp.system;
    let Some(account) = system.account(lamp.user()) else { return };
    if !lamp.wants("lamp_ui") {
        return;
    }
    let home = lamp.variable("lamp_ui", "HOME").unwrap_or(&account.home);
    let directory: PathBuf = match lamp.variable("lamp_ui", "KIVY_HOME") {
        Some(directory) => directory
            .strip_prefix('~')
            .map_or_else(|| directory.to_owned(), |rest| format!("{home}{rest}"))
            .into(),
        None => Path::new(home).join(".kivy"),
    };
    let file = directory.join("config.ini");
    let (shown, who) = (quoted(&file.to_string_lossy()), quoted(&account.name));
    match system.metadata(&file) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return report.needs_root("the Kivy configuration");
        }
        Err(_) => return report.ok(format!("{shown} does not exist and is not required")),
        Ok(_) => {}
    }
    if !system.may(&account, &file, READ).unwrap_or(true) {
        let owner = Owner::of(&account, system);
        report.warning(
            format!("{who} cannot read {shown}, so touches may register in the wrong place"),
            Fix::from(Action::Set(Theirs::Renew { path: file.clone(), owner, content: Content::Kivy }))
                .then(lamp.restart("lamp_ui")),
        );
        return;
    }
    if system.text(&file).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) {
        return report.needs_root("the Kivy configuration");
    }
    let mut environment =
        lamp.program("lamp_ui").map(|program| program.environment.clone()).unwrap_or_default();
    environment.insert("KIVY_HOME".into(), system.path(&directory).to_string_lossy().into_owned());
    let real = system.path(&file).to_string_lossy().into_owned();
    // As the user, whose link could lead to a file that only root can read.
    let load = || Kivy::load(environment).warnings;
    let user = User { user: account.uid, group: account.gid };
    let warnings = if system.is_root { as_user(user, load) } else { Ok(load()) };
    for warning in warnings.unwrap_or_default() {
        // Some warnings begin with the file's path.
        let what =
            warning.strip_prefix(&real).map_or(warning.as_str(), |rest| rest.trim_start_matches([':', ' ']));
        report.warning(
            format!("{shown}: {what}"),
            Fix::by_command(
                "Correct it and restart lamp_ui; lamp_ui --touch-test shows where touches register",
                Command::of_root(format!("runuser --user {who} -- editor {shown}")),
            ),
        );
    }
    report.ok_otherwise(format!("{shown} is correct; lamp_ui --touch-test shows where touches register"));
}

/// Sections of Kivy's configuration.
const SECTIONS: [&str; 8] =
    ["kivy", "postproc", "graphics", "input", "network", "keyboard", "widgets", "modules"];

/// Whether a text is a Kivy configuration, and not a secret that somebody put in its place.
pub(super) fn is_configuration(text: &str) -> bool {
    let mut has_section = false;
    text.lines().all(|line| {
        let content = line.trim();
        let section = content.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match section {
            Some(name) => {
                has_section = true;
                SECTIONS.contains(&name)
            }
            None => {
                content.is_empty()
                    || content.starts_with(['#', ';'])
                    || has_section && (content.contains(['=', ':']) || line.starts_with([' ', '\t']))
            }
        }
    }) && has_section
}

#[cfg(test)]
mod tests {
    use super::is_configuration;

    #[test]
    fn rejects_a_secret_as_a_configuration() {
        assert!(is_configuration("# x\n[kivy]\nlog_level = info\n\n[input]\nmouse = mouse\n"));
        for text in [
            "",
            "root:x:0:0\n",
            "[Interface]\nPrivateKey = x\n",
            "-----BEGIN PRIVATE KEY-----\nx\n",
            "[kivy]\na = b\n-----BEGIN PRIVATE KEY-----\n",
            "root:x\n[kivy]\n",
        ] {
            assert!(!is_configuration(text), "{text}");
        }
    }
}
