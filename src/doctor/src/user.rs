// SPDX-License-Identifier: GPL-3.0-or-later
//! The user that runs `lamp_service` and `lamp_ui`, its groups and its home directory.

use super::fix::{Action, Fix, Owner, Theirs, Tool};
use super::lamp::Lamp;
use super::report::{Need, Report};
use super::system::WRITE;
use programs::RunsAs;
use programs::user::GROUPS;
use runtime::quoting::quoted;

/// Whether the user must be in a group.
pub(super) fn is_needed(group: &str) -> bool {
    GROUPS.iter().any(|(name, _)| *name == group)
}

/// The steps that run the programs as the user that now exists.
fn restart(lamp: &Lamp) -> Vec<Action> {
    let own = programs::supervised().filter(|program| program.runs_as == RunsAs::LampUser);
    [Action::RefreshUser].into_iter().chain(own.filter_map(|program| lamp.update(program.name))).collect()
}

/// Checks the user.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let system = &lamp.system;
    let name = lamp.user();
    let Some(account) = system.account(name) else {
        report.lacks(Need::User);
        // The removal of a user can leave its group.
        let add = Tool::AddUser { name: name.to_owned(), has_group: system.has_group(name) };
        let consequence = if lamp.is_parked() {
            "lamp_service and lamp_ui do not start"
        } else {
            "Supervisor starts no program at all"
        };
        report.problem(
            format!("the user {} does not exist, so {consequence}", quoted(name)),
            Fix::from(Action::Run(add)).then(if lamp.is_parked() { restart(lamp) } else { Vec::new() }),
        );
        return;
    };
    if lamp.is_parked() {
        let steps = restart(lamp);
        report.problem(
            format!("lamp_service and lamp_ui do not start, although the user {} exists again", quoted(name)),
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
        // gpasswd adds users that are not in /etc/passwd, but to one group at a time.
        let tools: Vec<Tool> = if account.is_in_file {
            vec![groups(&names)]
        } else {
            names.iter().map(|name| groups(&[*name])).collect()
        };
        let mut steps = tools.into_iter().map(Action::Run);
        if let Some(first) = steps.next() {
            report.worse(
                missing.iter().any(|(_, needed)| *needed),
                format!("the user {} is not a member of {}", quoted(name), names.join(" and ")),
                Fix::from(first)
                    .then(steps)
                    .then(["lamp_service", "lamp_ui"].into_iter().filter_map(|name| lamp.restart(name))),
            );
        }
    }
    let home = lamp.variable("lamp_ui", "HOME").unwrap_or(&account.home);
    let (shown, who) = (quoted(home), quoted(name));
    let give = Action::Set(Theirs::Directory { path: home.into(), owner: Owner::of(&account, system) });
    match system.may(&account, home, WRITE) {
        Ok(true) => {}
        Ok(false) => report.warning(format!("{who} cannot write to the home directory {shown}"), give),
        Err(_) => report.warning(format!("{shown}, the home directory of {who}, does not exist"), give),
    }
    report.ok_otherwise(format!("the user {who} is in the groups that the lamp needs"));
}
