// SPDX-License-Identifier: GPL-3.0-or-later
//! Supervisor's files: the four of the lamp, and those of others, of which one that is broken stops all.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use supervisor_conf::{Autorestart, Finding, Program, Severity};

use super::cure::{Cure, quoted};
use super::lamp::{CONF_FOLDER, ConfState, Lamp};
use super::report::Report;
use crate::dpkg;

/// Supervisor's own number of attempts, after which a program is given up for good: too few for a peer that is late.
const FEW_RETRIES: i64 = 3;

/// What the package has instead.
const MANY_RETRIES: &str = "1000000";

/// Priorities that the package gives the programs, in their order.
const PRIORITIES: [&str; 4] = ["100", "200", "300", "400"];

/// What the checker says of a program that can then never start.
const FATAL: [&str; 7] = [
    "command-not-found",
    "command-not-executable",
    "command-is-directory",
    "empty-command",
    "missing-directory",
    "relative-command",
    "tilde-not-expanded",
];

/// Looks at the files.
pub fn check(lamp: &Lamp, report: &mut Report<'_>) {
    for name in Lamp::names() {
        presence(lamp, name, report);
        permissions(lamp, name, report);
    }
    let Some(findings) = &lamp.findings else {
        report.needs_root("what is in Supervisor's files");
        return;
    };
    for finding in findings {
        mistake(lamp, finding, report);
    }
    for name in Lamp::names() {
        if lamp.conf_state(name) == ConfState::Present {
            demands(lamp, name, report);
        }
    }
    order(lamp, report);
    let off: Vec<&str> = Lamp::names().into_iter().filter(|name| !lamp.wants(name)).collect();
    if off.is_empty() {
        report.ok_otherwise("Supervisor's files are as they should be");
    } else {
        report.ok_otherwise(format!(
            "Supervisor's files are as they should be; disabled on purpose: {}",
            off.join(", ")
        ));
    }
}

fn presence(lamp: &Lamp, name: &str, report: &mut Report<'_>) {
    let conf = Lamp::conf(name);
    if lamp.system.exists(&conf) && lamp.system.exists(format!("{conf}.disabled")) {
        report.warning(
            format!("there are both {conf} and {name}.conf.disabled, and the first counts"),
            &Cure::root(format!("mv --backup=numbered {conf}.disabled {conf}.dpkg-bak")),
        );
    }
    match lamp.conf_state(name) {
        ConfState::Present | ConfState::Disabled => {}
        ConfState::Removed => report.problem(
            format!("{conf} was put away when the package was removed, so {name} does not run"),
            &Cure::root(format!("mv {conf}.lampi-removed {conf}")).and_maybe(lamp.update(Some(name))),
        ),
        ConfState::Missing => report.problem(
            format!("{conf} is missing, so {name} does not run"),
            &Cure::root(format!("lampi enable {name}")),
        ),
    }
}

fn permissions(lamp: &Lamp, name: &str, report: &mut Report<'_>) {
    let system = &lamp.system;
    let conf = Lamp::conf(name);
    let Ok(metadata) = system.metadata(&conf) else { return };
    let mode = metadata.mode() & 0o7777;
    let owner = system.user_name(metadata.uid());
    if let Some((user, group, wanted)) = dpkg::overridden(system.root(), &conf) {
        if (user.as_str(), wanted) != (owner.as_str(), mode) {
            report.warning(
                format!("{conf} is {mode:04o} {owner}, and dpkg-statoverride wants {wanted:04o} {user}"),
                &Cure::root(format!("chown {user}:{group} {conf}"))
                    .and(Cure::root(format!("chmod {wanted:04o} {conf}"))),
            );
        }
        return;
    }
    let of_root = metadata.uid() == system.superuser;
    if of_root && mode == 0o600 {
        return;
    }
    let own = (!of_root).then(|| Cure::root(format!("chown root:root {conf}")));
    let cure = match own {
        Some(own) if mode == 0o600 => own,
        Some(own) => own.and(Cure::root(format!("chmod 0600 {conf}"))),
        None => Cure::root(format!("chmod 0600 {conf}")),
    };
    // Whoever may write it has root run what he likes.
    let others_write = !of_root || mode & 0o022 != 0;
    let what = if others_write { "can be changed" } else { "can be read" };
    report.worse(
        others_write,
        format!("{conf} {what} by others than root: it is {mode:04o}, of {owner}"),
        &cure,
    );
}

/// The name of the lamp's program whose file this is.
fn program_of_conf(lamp: &Lamp, file: &Path) -> Option<&'static str> {
    Lamp::names().into_iter().find(|name| file == lamp.system.path(Lamp::conf(name)))
}

/// A mistake that the checker of Supervisor's files names.
fn mistake(lamp: &Lamp, finding: &Finding, report: &mut Report<'_>) {
    let Finding { file, line, severity, code, text, fix, .. } = finding;
    let ours = program_of_conf(lamp, file);
    if is_told_elsewhere(lamp, finding, ours) {
        return;
    }
    let shown = lamp.system.shown(file);
    let place = format!("{shown}:{line}: {text}");
    let file = quoted(&shown);
    let is_error = *severity == Severity::Error;
    let is_main = !file.starts_with(CONF_FOLDER);
    let consequence = if is_error { ", so Supervisor refuses all programs" } else { "" };
    let sentence = format!("{place}{consequence}; {fix}");
    let stops_ours = ours.is_some() && FATAL.contains(code);
    let cure = if (is_error || stops_ours)
        && let Some(name) = ours
    {
        Cure::root(format!("mv --backup=numbered {file} {file}.dpkg-bak"))
            .and(Cure::root(format!("lampi enable {name}")))
    } else if is_error && !is_main {
        Cure::root(format!("mv {file} {file}.broken")).and_maybe(lamp.update(None))
    } else {
        Cure::root(format!("editor +{line} {file}")).and_maybe(lamp.update(None))
    };
    report.worse(is_error || stops_ours, sentence, &cure);
}

/// Whether another check tells of a mistake, with what is behind it.
fn is_told_elsewhere(lamp: &Lamp, finding: &Finding, ours: Option<&str>) -> bool {
    match finding.code {
        "duplicate-program" => true,
        // Either pigpiod is not installed, or the package is damaged.
        "command-not-found" => {
            ours == Some("pigpiod")
                || ours.is_some_and(|name| finding.text.contains(&format!("`/usr/bin/{name}`")))
        }
        "unknown-user" => {
            lamp.system.account(lamp.user()).is_none() && finding.text.contains(&format!("`{}`", lamp.user()))
        }
        _ => false,
    }
}

/// What holds for each program of the lamp on its own.
fn demands(lamp: &Lamp, name: &'static str, report: &mut Report<'_>) {
    let conf = Lamp::conf(name);
    let in_file: Vec<&Program> =
        lamp.programs.iter().filter(|program| program.file == lamp.system.path(&conf)).collect();
    let Some(program) = lamp.program(name) else {
        // A file with a wrong value has been told of.
        if let Some(other) = in_file.first() {
            report.problem(
                format!("{conf} describes [{}], so Supervisor has no program {name}", other.section),
                &Cure::root(format!("sed -i 's/^\\[{}\\]/[program:{name}]/' {conf}", other.section))
                    .and_maybe(lamp.update(None)),
            );
        }
        return;
    };
    let set = |key: &str, value: &str| set_key(lamp, name, key, value);
    let is_lamps_own = name.starts_with("lamp_");
    let user = program.user.as_deref();
    let demand = |holds: bool, is_problem: bool, what: &str, cure: Cure, report: &mut Report<'_>| {
        if !holds {
            report.worse(is_problem, format!("{conf}: {what}"), &cure);
        }
    };
    demand(program.autostart, false, "it does not start with Supervisor", set("autostart", "true"), report);
    demand(
        program.autorestart == Autorestart::Always,
        false,
        "it is not always started again when it ends",
        set("autorestart", "true"),
        report,
    );
    demand(
        program.startretries > FEW_RETRIES,
        false,
        "it is given up after a few attempts, for good",
        set("startretries", MANY_RETRIES),
        report,
    );
    if is_lamps_own {
        let account = lamp.system.account(lamp.user());
        let home = account.map_or_else(|| format!("/home/{}", lamp.user()), |account| account.home.clone());
        let kivy = format!("{}/.kivy", home.trim_end_matches('/'));
        demand(
            user.is_some_and(|user| user != "root" && user != "0"),
            true,
            "it runs as root, and its files will not be those of the lamp's user",
            set("user", if lamp.user() == "root" { "pi" } else { lamp.user() }),
            report,
        );
        let lacks: Vec<&str> = ["HOME", "KIVY_HOME"]
            .into_iter()
            .filter(|variable| !program.environment.contains_key(*variable))
            .collect();
        if !lacks.is_empty() {
            let mut environment = program.environment.clone();
            environment.entry("HOME".into()).or_insert(home);
            environment.entry("KIVY_HOME".into()).or_insert(kivy);
            let pairs: Vec<String> =
                environment.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
            report.warning(
                format!("{conf}: nothing is said of {}, so what Supervisor has counts", lacks.join(" and ")),
                &set("environment", &pairs.join(",")),
            );
        }
    } else {
        demand(
            user.is_none_or(|user| user == "root" || user == "0"),
            true,
            "it does not run as root, which it needs",
            set("user", "root"),
            report,
        );
    }
}

/// The programs start in their order.
fn order(lamp: &Lamp, report: &mut Report<'_>) {
    let programs: Vec<(usize, &Program)> =
        Lamp::names().iter().enumerate().filter_map(|(at, name)| Some((at, lamp.program(name)?))).collect();
    for pair in programs.windows(2) {
        let [(_, earlier), (_, later)] = pair else { continue };
        if earlier.priority >= later.priority {
            // All get the package's, because any one of them may be the wrong one.
            let steps =
                programs.iter().filter(|(at, program)| program.priority.to_string() != PRIORITIES[*at]);
            let cure = steps
                .map(|(at, program)| edit_key(lamp, &program.name, "priority", PRIORITIES[*at]))
                .reduce(Cure::and);
            if let Some(cure) = cure {
                report.warning(
                    format!(
                        "{} (priority {}) does not start before {} (priority {})",
                        earlier.name, earlier.priority, later.name, later.priority
                    ),
                    &cure.and_maybe(lamp.update(None)),
                );
            }
            return;
        }
    }
}

/// Sets a key in the file of a program of the lamp, and has Supervisor follow.
pub fn set_key(lamp: &Lamp, name: &str, key: &str, value: &str) -> Cure {
    edit_key(lamp, name, key, value).and_maybe(lamp.update(Some(name)))
}

fn edit_key(lamp: &Lamp, name: &str, key: &str, value: &str) -> Cure {
    let conf = Lamp::conf(name);
    let text = lamp.system.text(&conf).unwrap_or_default();
    let has = text.lines().any(|line| line.split(['=', ':']).next().is_some_and(|found| found.trim() == key));
    let value = value.replace('\\', r"\\");
    let script = if has {
        format!("s|^{key}[ \\t]*[=:].*|{key}={}|", value.replace('&', r"\&").replace('|', r"\|"))
    } else {
        format!("/^\\[program:{name}\\]/a {key}={value}")
    };
    Cure::root(format!("sed -i {} {conf}", quoted(&script)))
}

/// Adds an argument to the call of a program of the lamp, and has Supervisor follow.
pub fn add_argument(lamp: &Lamp, name: &str, argument: &str) -> Cure {
    let script = quoted(&format!("/^command[ \\t]*=/s/$/ {argument}/"));
    Cure::root(format!("sed -i {script} {}", Lamp::conf(name))).and_maybe(lamp.update(Some(name)))
}
