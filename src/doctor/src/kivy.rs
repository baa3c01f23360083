// SPDX-License-Identifier: GPL-3.0-or-later
//! The Kivy configuration of the lamp's user, by which `lamp_ui` turns its picture and reads the touch screen.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kivy_conf::Kivy;
use system_files::{User, as_user};

use super::fix::{Action, Command, Content, Fix, Owner, Theirs};
use super::lamp::Lamp;
use super::report::Report;
use super::system::READ;
use runtime::quoting::quoted;

/// Looks at the configuration as `lamp_ui` will.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
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
    let (shown, who) = (quoted(&file.to_string_lossy()), quoted(&account.name));
    match system.metadata(&file) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return report.needs_root("the Kivy configuration");
        }
        Err(_) => return report.ok(format!("there is no {shown}, and none is needed")),
        Ok(_) => {}
    }
    if !system.may(&account, &file, READ).unwrap_or(true) {
        let owner = Owner::of(&account, system);
        report.warning(
            format!("{who} may not read {shown}, so touches may land elsewhere than the finger"),
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
    environment.insert("KIVY_HOME".into(), system.path(&folder).to_string_lossy().into_owned());
    let real = system.path(&file).to_string_lossy().into_owned();
    // As the user, who could have it lead to a file that only root can read.
    let load = || Kivy::load(environment).warnings;
    let user = User { user: account.uid, group: account.gid };
    let warnings = if system.is_root { as_user(user, load) } else { Ok(load()) };
    for warning in warnings.unwrap_or_default() {
        // Some say the file themselves.
        let what =
            warning.strip_prefix(&real).map_or(warning.as_str(), |rest| rest.trim_start_matches([':', ' ']));
        report.warning(
            format!("{shown}: {what}"),
            Fix::by_command(
                "Correct it and restart lamp_ui; lamp_ui --touch-test shows where touches land",
                Command::of_root(format!("runuser --user {who} -- editor {shown}")),
            ),
        );
    }
    report.ok_otherwise(format!("{shown} is understood; lamp_ui --touch-test shows where touches land"));
}

/// Sections that Kivy has in its configuration.
const SECTIONS: [&str; 8] =
    ["kivy", "postproc", "graphics", "input", "network", "keyboard", "widgets", "modules"];

/// Whether a text is a configuration of Kivy, and nothing else that somebody could have hidden in its place.
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
    fn a_secret_is_no_configuration() {
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
