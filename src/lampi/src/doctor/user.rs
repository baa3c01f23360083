// SPDX-License-Identifier: GPL-3.0-or-later
//! The user that runs `lamp_service` and `lamp_ui`, with groups and home.

use super::cure::Cure;
use super::lamp::Lamp;
use super::report::Report;

/// The groups that screen, touch and pins belong to, and whether the lamp is in trouble without.
const GROUPS: [(&str, bool); 4] = [("video", true), ("input", true), ("gpio", false), ("render", false)];

/// Whether the user is expected to be in a group.
pub fn is_needed(group: &str) -> bool {
    GROUPS.iter().any(|(name, _)| *name == group)
}

/// Looks at the user.
pub fn check(lamp: &Lamp, report: &mut Report<'_>) {
    let system = &lamp.system;
    let name = lamp.user();
    let Some(account) = system.account(name) else {
        report.problem(
            format!("there is no user {name}, so Supervisor refuses all programs"),
            &Cure::root(format!("useradd --create-home --user-group --shell /bin/bash {name}"))
                .and_maybe(lamp.update(None)),
        );
        return;
    };
    let missing: Vec<(&str, bool)> = GROUPS
        .into_iter()
        .filter(|(group, _)| system.has_group(group) && !system.is_member(account, group))
        .collect();
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|(group, _)| *group).collect();
        report.worse(
            missing.iter().any(|(_, needed)| *needed),
            format!("the user {name} does not belong to {}", names.join(" and ")),
            &Cure::root(format!("usermod --append --groups {} {name}", names.join(",")))
                .and_maybe(lamp.restart("lamp_service lamp_ui")),
        );
    }
    let home = lamp.variable("lamp_ui", "HOME").unwrap_or(&account.home);
    match system.may(account, home, super::system::WRITE) {
        Ok(true) => {}
        Ok(false) => report.warning(
            format!("{home}, the home of {name}, is not theirs to write to"),
            &Cure::root(format!("chown {name}: {home}")).and(Cure::root(format!("chmod u+rwx {home}"))),
        ),
        Err(_) => report.warning(
            format!("{home}, the home of {name}, does not exist"),
            &Cure::root(format!(
                "install --directory --owner={name} --group={} {home}",
                system.group_name(account.gid)
            )),
        ),
    }
    report.ok_otherwise(format!("the user {name} has the groups that the lamp needs"));
}
