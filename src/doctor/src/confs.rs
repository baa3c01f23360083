// SPDX-License-Identifier: GPL-3.0-or-later
//! Supervisor's files: the four of the lamp, and those of others, because one broken file stops all programs.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use programs::RunsAs;
use programs::conf::{self, Fault};
use supervisor_conf::{Finding, Program, Severity};

use super::fix::{Action, Command, Edit, Fix, Owner};
use super::lamp::{ConfState, Lamp, Supervisor};
use super::packages;
use super::report::{Need, Report};
use programs::paths;
use runtime::quoting::quoted;
use system_files::dpkg;

/// The packaged value of startretries.
const MANY_RETRIES: &str = "1000000";

/// Codes of the checker for programs that can never start.
const FATAL: [&str; 7] = [
    "host-command-not-found",
    "host-command-not-executable",
    "host-command-is-directory",
    "empty-command",
    "host-directory-missing",
    "relative-command",
    "tilde-not-expanded",
];

/// Checks the files.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    for name in Lamp::names() {
        presence(lamp, name, report);
        permissions(lamp, name, report);
    }
    let Some(findings) = &lamp.findings else {
        report.needs_root("Supervisor's files");
        return;
    };
    for finding in findings.iter().filter(|finding| finding.severity != Severity::Hint) {
        mistake(lamp, finding, report);
    }
    for known in programs::supervised() {
        if lamp.conf_state(known.name) == ConfState::Present {
            demands(lamp, known, report);
        }
    }
    order(lamp, report);
    let off: Vec<&str> = Lamp::names().filter(|name| !lamp.wants(name)).collect();
    if off.is_empty() {
        report.ok_otherwise("Supervisor's files are correct");
    } else {
        report.ok_otherwise(format!("Supervisor's files are correct; disabled: {}", off.join(", ")));
    }
}

fn presence(lamp: &Lamp, name: &'static str, report: &mut Report) {
    let conf = paths::conf(name);
    if lamp.system.exists(&conf) && lamp.system.exists(format!("{conf}.disabled")) {
        report.warning(
            format!("both {conf} and {name}.conf.disabled exist; Supervisor uses the first"),
            Action::PutAside(format!("{conf}.disabled")),
        );
    }
    match lamp.conf_state(name) {
        ConfState::Present | ConfState::Disabled => {}
        ConfState::Removed => report.problem(
            format!("{conf} was renamed when the package was removed, so {name} does not run"),
            Fix::from(Action::Reinstate(name)).then(lamp.update(name)),
        ),
        ConfState::Missing => {
            report.problem(format!("{conf} is missing, so {name} does not run"), Action::Enable(name));
        }
    }
}

fn permissions(lamp: &Lamp, name: &str, report: &mut Report) {
    let system = &lamp.system;
    let conf = paths::conf(name);
    let Ok(metadata) = system.metadata(&conf) else { return };
    let mode = metadata.mode() & 0o7777;
    let owner = system.user_name(metadata.uid());
    if let Some((user, group, wanted)) = dpkg::overridden(system.root(), &conf) {
        if (user.as_str(), wanted) != (owner.as_str(), mode) {
            let text = format!(
                "{conf} has mode {mode:04o} and owner {}; dpkg-statoverride requires {wanted:04o} and {}",
                quoted(&owner),
                quoted(&user)
            );
            match Owner::named(system, &user, &group) {
                Ok(owner) => report.warning(text, Action::SetAccess { path: conf, owner, mode: wanted }),
                Err(error) => {
                    report.warning(
                        text,
                        Fix::by_hand(format!("Correct the override with dpkg-statoverride: {error:#}")),
                    );
                }
            }
        }
        return;
    }
    let (superuser, group) = system.superuser();
    let of_root = metadata.uid() == superuser;
    if of_root && mode == 0o600 {
        return;
    }
    // Who can write to it can run anything as root.
    let others_write = !of_root || mode & 0o022 != 0;
    let verb = if others_write { "change" } else { "read" };
    report.worse(
        others_write,
        format!(
            "users other than root can {verb} {conf}: its mode is {mode:04o} and its owner {}",
            quoted(&owner)
        ),
        Action::SetAccess { path: conf, owner: Owner::root(system, group), mode: 0o600 },
    );
}

/// The name of the lamp's program whose file this is.
fn program_of_conf(lamp: &Lamp, file: &Path) -> Option<&'static str> {
    Lamp::names().find(|name| file == lamp.system.path(paths::conf(name)))
}

/// Reports a mistake that the checker of Supervisor's files has found.
fn mistake(lamp: &Lamp, finding: &Finding, report: &mut Report) {
    let Finding { file, line, severity, code, text, fix, .. } = finding;
    let ours = program_of_conf(lamp, file);
    if is_reported_elsewhere(lamp, finding, ours, report) {
        return;
    }
    let shown = lamp.system.shown(file);
    let is_error = *severity == Severity::Error;
    if is_error {
        report.lacks(Need::SoundConfs);
        // This is the reason why it does not run.
        if matches!(lamp.supervisor, Supervisor::Down) {
            report.lacks(Need::RunningSupervisor);
        }
    }
    let consequence = if is_error { ", so Supervisor starts no program at all" } else { "" };
    let sentence = format!("{}:{line}: {text}{consequence}; {fix}", quoted(&shown));
    let stops_ours = ours.is_some() && FATAL.contains(code);
    let is_foreign = Path::new(&shown).parent() == Some(Path::new(paths::CONFS));
    let fix = match ours {
        Some(name) if is_error || stops_ours => Fix::from(Action::BringBack(name)).then(lamp.update(name)),
        None if is_error
            && is_foreign
            && packages::owner(&lamp.system, &shown).is_ok_and(|owner| owner.is_none()) =>
        {
            Action::PutAside(shown).into()
        }
        _ => {
            let editor = Command::of_root(format!(
                "editor +{line} {}",
                quoted(&lamp.system.path(&shown).to_string_lossy())
            ));
            Fix::by_command("Correct this line", editor)
        }
    };
    report.worse(is_error || stops_ours, sentence, fix);
}

/// Whether another check reports a mistake with its cause.
fn is_reported_elsewhere(lamp: &Lamp, finding: &Finding, ours: Option<&str>, report: &Report) -> bool {
    match finding.code {
        "duplicate-program" => true,
        // Either pigpiod is not installed, or the package is damaged.
        "host-command-not-found" => {
            ours == Some("pigpiod")
                || ours.is_some_and(|name| finding.text.contains(&format!("`/usr/bin/{name}`")))
        }
        "host-unknown-user" => {
            report.is_missing(Need::User) && finding.text.contains(&format!("`{}`", lamp.user()))
        }
        _ => false,
    }
}

/// Checks the requirements for each program of the lamp.
fn demands(lamp: &Lamp, known: &'static programs::Program, report: &mut Report) {
    let (name, conf) = (known.name, known.conf());
    let in_file: Vec<&Program> =
        lamp.programs.iter().filter(|program| program.file == lamp.system.path(&conf)).collect();
    let Some(program) = lamp.program(name) else {
        // A file with a wrong value was reported above.
        if let Some(other) = in_file.first() {
            report.problem(
                format!(
                    "{conf} contains the section [{}], so Supervisor has no program {name}",
                    other.section
                ),
                Fix::from(Action::EditConf {
                    program: name,
                    edit: Edit::Section { from: other.section.clone() },
                })
                .then(lamp.update(&other.name))
                .then(lamp.update(name)),
            );
        }
        return;
    };
    for fault in conf::faults(known, program) {
        let set = |key, value: &str| set_key(lamp, name, key, value);
        let (is_problem, fix) = match fault {
            // Another check reports the missing user.
            Fault::NoAutostart if lamp.is_parked() && known.runs_as == RunsAs::LampUser => continue,
            Fault::NoAutostart => (false, set("autostart", "true")),
            Fault::NoAutorestart => (false, set("autorestart", "true")),
            Fault::FewRetries => (false, set("startretries", MANY_RETRIES)),
            Fault::Root => {
                (true, set("user", if lamp.user() == "root" { programs::user::NAME } else { lamp.user() }))
            }
            Fault::NotRoot => (true, set("user", "root")),
            // Variables are fixed together, below. Another check reports a pigpiod in the background. Several
            // logs are the owner's choice.
            Fault::NoVariable(_) | Fault::Background | Fault::SeveralLogs => continue,
        };
        report.worse(is_problem, format!("{conf}: {fault}"), fix);
    }
    variables(lamp, known, program, report);
}

/// Reports variables that a file does not set, so that the program inherits Supervisor's.
fn variables(lamp: &Lamp, known: &'static programs::Program, program: &Program, report: &mut Report) {
    let faults = conf::faults(known, program).into_iter();
    let lacks: Vec<&str> = faults
        .filter_map(|fault| if let Fault::NoVariable(name) = fault { Some(name) } else { None })
        .collect();
    if lacks.is_empty() {
        return;
    }
    let account = lamp.system.account(lamp.user());
    let home = account.map_or_else(|| format!("/home/{}", lamp.user()), |account| account.home.clone());
    let kivy = format!("{}/.kivy", home.trim_end_matches('/'));
    let mut environment = program.environment.clone();
    environment.entry("HOME".into()).or_insert(home);
    environment.entry("KIVY_HOME".into()).or_insert(kivy);
    let pairs: Vec<String> = environment.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
    report.warning(
        format!(
            "{}: the environment does not set {}, so the program inherits Supervisor's values",
            known.conf(),
            lacks.join(" and ")
        ),
        set_key(lamp, known.name, "environment", &pairs.join(",")),
    );
}

/// Checks the order in which the programs start.
fn order(lamp: &Lamp, report: &mut Report) {
    let said: Vec<(&programs::Program, &Program)> =
        programs::supervised().filter_map(|known| Some((known, lamp.program(known.name)?))).collect();
    let in_order: Vec<&Program> = said.iter().map(|(_, program)| *program).collect();
    let Some((earlier, later)) = conf::out_of_order(&in_order) else { return };
    // All get the packaged priority, because any of them may be the wrong one.
    let wrong: Vec<&programs::Program> = said
        .iter()
        .filter(|(known, program)| program.priority != i64::from(known.priority()))
        .map(|(known, _)| *known)
        .collect();
    let mut steps = wrong.iter().map(|known| edit_key(known.name, "priority", &known.priority().to_string()));
    if let Some(first) = steps.next() {
        let updates: Vec<Action> = wrong.iter().filter_map(|known| lamp.update(known.name)).collect();
        report.warning(
            format!(
                "{} (priority {}) must start before {} (priority {}), but does not",
                earlier.name, earlier.priority, later.name, later.priority
            ),
            Fix::from(first).then(steps).then(updates),
        );
    }
}

/// Sets a key in the file of a program of the lamp and applies it in Supervisor.
fn set_key(lamp: &Lamp, name: &'static str, key: &'static str, value: &str) -> Fix {
    edit(lamp, name, Edit::Key { key, value: value.to_owned() })
}

fn edit_key(name: &'static str, key: &'static str, value: &str) -> Action {
    Action::EditConf { program: name, edit: Edit::Key { key, value: value.to_owned() } }
}

/// Changes the file of a program of the lamp and applies it in Supervisor.
pub(super) fn edit(lamp: &Lamp, program: &'static str, edit: Edit) -> Fix {
    Fix::from(Action::EditConf { program, edit }).then(lamp.update(program))
}
