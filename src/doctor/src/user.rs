// SPDX-License-Identifier: GPL-3.0-or-later
//! The user that runs `lamp_service` and `lamp_ui`, with groups and home.

use super::fix::{Action, Fix, Owner, Theirs, Tool};
use super::lamp::Lamp;
use super::report::{Need, Report};
use super::system::WRITE;
use programs::RunsAs;
use programs::user::GROUPS;
use runtime::quoting::quoted;

/// Whether the user is expected to be in a group.
pub(super) fn is_needed(group: &str) -> bool {
    GROUPS.iter().any(|(name, _)| *name == group)
}

/// What has the programs run as the user that there is.
fn restart(lamp: &Lamp) -> Vec<Action> {
    let own = programs::supervised().filter(|program| program.runs_as == RunsAs::LampUser);
    [Action::RefreshUser].into_iter().chain(own.filter_map(|program| lamp.update(program.name))).collect()
}

/// Looks at the user.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let system = &lamp.system;
    let name = lamp.user();
    let Some(account) = system.account(name) else {
        report.lacks(Need::User);
        // Where the user was removed, the group may be left.
        let add = Tool::AddUser { name: name.to_owned(), has_group: system.has_group(name) };
        let consequence = if lamp.is_parked() {
            "lamp_service and lamp_ui are not started"
        } else {
            "Supervisor refuses all programs"
        };
        report.problem(
            format!("there is no user {}, so {consequence}", quoted(name)),
            Fix::from(Action::Run(add)).then(if lamp.is_parked() { restart(lamp) } else { Vec::new() }),
        );
        return;
    };
    if lamp.is_parked() {
        let steps = restart(lamp);
        report.problem(
            format!("lamp_service and lamp_ui are not started, though there is a user {} now", quoted(name)),
            Fix::of(steps),
        );
    }
    let missing: Vec<(&str, bool)> = GROUPS
        .into_iter()
        .filter(|(group, _)| system.has_group(group) && !system.is_member(&account, group))
        .collect();
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|(group, _)| *group).collect();
        let groups = |names: &[&str]| Tool::AddToGroups {
            user: name.to_owned(),
            groups: names.iter().map(|group| (*group).to_owned()).collect(),
            is_in_file: account.is_in_file,
        };
        // gpasswd, which adds others than those of the file, takes one group at a time.
        let tools: Vec<Tool> = if account.is_in_file {
            vec![groups(&names)]
        } else {
            names.iter().map(|name| groups(&[*name])).collect()
        };
        let mut steps = tools.into_iter().map(Action::Run);
        if let Some(first) = steps.next() {
            report.worse(
                missing.iter().any(|(_, needed)| *needed),
                format!("the user {} does not belong to {}", quoted(name), names.join(" and ")),
                Fix::from(first)
                    .then(steps)
                    .then(["lamp_service", "lamp_ui"].into_iter().filter_map(|name| lamp.restart(name))),
            );
        }
    }
    let home = lamp.variable("lamp_ui", "HOME").unwrap_or(&account.home);
    let (shown, who) = (quoted(home), quoted(name));
    let give = Action::Set(Theirs::Folder { path: home.into(), owner: Owner::of(&account, system) });
    match system.may(&account, home, WRITE) {
        Ok(true) => {}
        Ok(false) => report.warning(format!("{shown}, the home of {who}, is not theirs to write to"), give),
        Err(_) => report.warning(format!("{shown}, the home of {who}, does not exist"), give),
    }
    report.ok_otherwise(format!("the user {who} has the groups that the lamp needs"));
}
