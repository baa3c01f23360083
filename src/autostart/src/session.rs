// SPDX-License-Identifier: GPL-3.0-or-later
//! What starts with a user's session, a job of `at`, or a device. It is only reported, never changed: it
//! belongs to its user, or does more than start a program.

use crate::cron::starts_of_script;
use system_files::as_user;

use crate::commands::shell;
use crate::machine::{Machine, Person};
use crate::{Action, Found, Reason, Start, Survey, Unread, systemd};

/// Directory of the jobs of `at`.
const AT_JOBS: &str = "/var/spool/cron/atjobs";

/// Shell scripts of the system that every login or session reads.
const FOR_ALL: [&str; 3] = ["/etc/profile", "/etc/bash.bashrc", "/etc/xdg/labwc/autostart"];

/// The same in a user's home directory.
const OF_ONE: [&str; 12] = [
    ".profile",
    ".bash_profile",
    ".bash_login",
    ".bashrc",
    ".zprofile",
    ".zshrc",
    ".xinitrc",
    ".xprofile",
    ".xsession",
    ".xsessionrc",
    ".config/labwc/autostart",
    ".config/openbox/autostart",
];

pub(crate) fn find(machine: &Machine, survey: &mut Survey) {
    systemd::of_users(machine, survey);
    let profiles = machine.list_of("/etc/profile.d", ".sh").into_iter();
    let scripts =
        FOR_ALL.into_iter().map(str::to_owned).chain(profiles.map(|name| format!("/etc/profile.d/{name}")));
    for path in scripts {
        script(machine, &path, Reason::Whole, survey);
    }
    desktop(machine, "/etc/xdg", &Reason::Whole, survey);
    for person in &machine.people {
        // With that user's permissions, because links there may lead anywhere.
        let found = as_user(person.user, || {
            let mut survey = Survey::default();
            of_person(machine, person, &mut survey);
            survey.found
        });
        // Only root can become another user. Others find only their own.
        survey.found.extend(found.unwrap_or_default());
    }
    if machine.is_closed(AT_JOBS) {
        survey.unread(Unread::AtJobs);
    }
    for name in machine.list(AT_JOBS) {
        script(machine, &format!("{AT_JOBS}/{name}"), Reason::Whole, survey);
    }
    for name in machine.list_of("/etc/udev/rules.d", ".rules") {
        lines(machine, format!("/etc/udev/rules.d/{name}"), &Reason::Whole, survey, udev_commands);
    }
}

fn of_person(machine: &Machine, person: &Person, survey: &mut Survey) {
    let (home, reason) = (&person.home, Reason::Users(person.name.clone()));
    systemd::of_person(machine, home, &reason, survey);
    for name in OF_ONE {
        script(machine, &format!("{home}/{name}"), reason.clone(), survey);
    }
    desktop(machine, &format!("{home}/.config"), &reason, survey);
}

fn script(machine: &Machine, path: &str, reason: Reason, survey: &mut Survey) {
    let text = machine.text(path).unwrap_or_default();
    survey.add(Found::of(path.to_owned(), starts_of_script(path, &text), Action::Name(reason)));
}

/// The autostart files of desktops, below their configuration directory.
fn desktop(machine: &Machine, directory: &str, reason: &Reason, survey: &mut Survey) {
    for name in machine.list_of(&format!("{directory}/autostart"), ".desktop") {
        let path = format!("{directory}/autostart/{name}");
        let text = machine.text(&path).unwrap_or_default();
        // The sections that follow are for other actions.
        let entry = text.lines().skip_while(|line| line.trim() != "[Desktop Entry]").skip(1);
        let entry: Vec<&str> = entry.take_while(|line| !line.starts_with('[')).collect();
        let is = |key: &str, word: &str| {
            entry.iter().filter_map(|line| value(line, key)).any(|value| value == word)
        };
        let exec = entry.iter().find_map(|line| value(line, "Exec"));
        if !is("Hidden", "true") && !is("X-GNOME-Autostart-enabled", "false") {
            let mut command = exec;
            lines(machine, path, reason, survey, |line| {
                command.take_if(|exec| value(line, "Exec").as_ref() == Some(exec)).into_iter().collect()
            });
        }
    }
    for session in machine.list(&format!("{directory}/lxsession")) {
        let path = format!("{directory}/lxsession/{session}/autostart");
        lines(machine, path, reason, survey, |line| {
            if line.starts_with('#') { Vec::new() } else { vec![line.trim_start_matches('@').to_owned()] }
        });
    }
    let path = format!("{directory}/wayfire.ini");
    let text = machine.text(&path).unwrap_or_default();
    let autostart = (1..).zip(text.lines()).skip_while(|(_, line)| line.trim() != "[autostart]").skip(1);
    let commands = autostart
        .take_while(|(_, line)| !line.trim_start().starts_with('['))
        .filter(|(_, line)| !line.trim_start().starts_with('#'))
        .filter_map(|(number, line)| Some((number, line.split_once('=')?.1)));
    let starts = commands.flat_map(|(line, command)| starts(&path, line, command)).collect();
    survey.add(Found::of(path.clone(), starts, Action::Name(reason.clone())));
}

/// A file with commands in lines.
fn lines(
    machine: &Machine,
    path: String,
    reason: &Reason,
    survey: &mut Survey,
    mut commands: impl FnMut(&str) -> Vec<String>,
) {
    let text = machine.text(&path).unwrap_or_default();
    let found = (1..).zip(text.lines()).flat_map(|(line, text)| {
        commands(text.trim()).iter().flat_map(|command| starts(&path, line, command)).collect::<Vec<_>>()
    });
    let found = found.collect();
    survey.add(Found::of(path, found, Action::Name(reason.clone())));
}

fn starts(path: &str, line: usize, command: &str) -> Vec<Start> {
    let found = shell::programs(command).into_iter();
    found.map(|(_, program)| Start { program, file: path.to_owned(), line }).collect()
}

/// The value of a line `KEY = value`.
fn value(line: &str, key: &str) -> Option<String> {
    let (name, value) = line.split_once('=')?;
    (name.trim() == key).then(|| value.trim().to_owned())
}

/// The commands in `RUN+="..."` of a rule.
fn udev_commands(line: &str) -> Vec<String> {
    if line.starts_with('#') {
        return Vec::new();
    }
    let parts = line.split("RUN").skip(1).filter_map(|part| {
        let value =
            part.strip_prefix("{program}").unwrap_or(part).trim_start().trim_start_matches(['+', ':']);
        value.strip_prefix('=')?.trim_start().strip_prefix('"')?.split('"').next()
    });
    parts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::udev_commands;

    #[test]
    fn finds_commands_in_udev_rules() {
        assert_eq!(
            udev_commands(r#"KERNEL=="fb1", RUN+="/usr/local/bin/fbcp -x", TAG+="a""#),
            ["/usr/local/bin/fbcp -x"]
        );
        assert_eq!(udev_commands(r#"RUN{program} += "/bin/a", RUN="/bin/b""#), ["/bin/a", "/bin/b"]);
        assert_eq!(udev_commands(r#"# RUN+="fbcp""#), [] as [&str; 0]);
        assert_eq!(udev_commands(r#"ENV{X}="RUN fbcp""#), [] as [&str; 0]);
    }
}
