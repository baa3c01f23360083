// SPDX-License-Identifier: GPL-3.0-or-later
//! Promises about the four confs: Supervisor reads them, and they start the lamp as they should.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;
use supervisor_conf::{Autorestart, Program, Report};
use tempfile::TempDir;

use super::report::Problems;
use crate::check;
use crate::deb::Deb;
use crate::programs::SUPERVISED;
use crate::stage::{CONF_FOLDER, make_folder, write};

/// Supervisor's own number of attempts, after which a program is given up for good: too few for a peer that is late.
const FEW_RETRIES: i64 = 3;

pub fn readable(deb: &Deb) -> Problems {
    match read(deb) {
        Ok((report, folder)) => check::shown(&report.findings, folder.path()),
        Err(error) => vec![format!("{error:#}")],
    }
}

pub fn promised(deb: &Deb) -> Problems {
    match read(deb) {
        Ok((report, _)) => promises(&report.programs),
        Err(error) => vec![format!("{error:#}")],
    }
}

/// Unpacks the confs and reads them as on a lamp that has the package. The user is that of `lamp_service`, because
/// the package makes that one, whoever it is.
fn read(deb: &Deb) -> anyhow::Result<(Report, TempDir)> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    unpack(deb, folder.path())?;
    let first = check::of_package(folder.path(), "root", "pigpiod")?;
    let program = |name: &str| first.programs.iter().find(|program| program.name == name);
    let user = program("lamp_service").and_then(|program| program.user.clone()).unwrap_or_default();
    let pigpiod = program("pigpiod").and_then(|program| program.command.first().cloned()).unwrap_or_default();
    Ok((check::of_package(folder.path(), &user, &pigpiod)?, folder))
}

fn unpack(deb: &Deb, folder: &Path) -> anyhow::Result<()> {
    make_folder(&folder.join(CONF_FOLDER))?;
    for program in SUPERVISED {
        let path = format!("{CONF_FOLDER}/{program}.conf");
        let entry = deb.file(&path).with_context(|| format!("/{path} is missing"))?;
        let place = folder.join(&path);
        write(&place, entry.content().unwrap_or_default())?;
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(entry.mode))
            .with_context(|| format!("cannot set the mode of {}", place.display()))?;
    }
    Ok(())
}

fn promises(programs: &[Program]) -> Problems {
    let mut problems = Problems::new();
    let mut in_order: Vec<&Program> = Vec::new();
    for name in SUPERVISED {
        let file = format!("{name}.conf");
        let of_file: Vec<&Program> =
            programs.iter().filter(|program| program.file.ends_with(&file)).collect();
        match of_file.as_slice() {
            [program] if program.section == format!("program:{name}") => {
                problems.extend(of_program(program).into_iter().map(|problem| format!("{file}: {problem}")));
                in_order.push(program);
            }
            _ => problems.push(format!("{file} does not hold [program:{name}] alone")),
        }
    }
    for pair in in_order.windows(2) {
        if pair[0].priority >= pair[1].priority {
            problems.push(format!("{} does not start before {}", pair[0].name, pair[1].name));
        }
    }
    problems
}

/// What holds for each program on its own.
fn of_program(program: &Program) -> Problems {
    let user = program.user.as_deref();
    let is_ours = program.name.starts_with("lamp_");
    let has = |argument: &str| program.command.iter().any(|word| word == argument);
    let demands = [
        (program.autostart, "it does not start with Supervisor"),
        (program.autorestart == Autorestart::Always, "it is not always started again"),
        (program.startretries > FEW_RETRIES, "it is given up after few attempts"),
        (program.redirect_stderr && program.logs.len() == 1, "its output does not go to one log"),
        (is_ours || user.is_none_or(|user| user == "root"), "it does not run as root"),
        (!is_ours || user.is_some_and(|user| user != "root"), "it does not run as the lamp's user"),
        (!is_ours || program.environment.contains_key("HOME"), "HOME is not set"),
        (!is_ours || program.environment.contains_key("KIVY_HOME"), "KIVY_HOME is not set"),
        (program.name != "pigpiod" || has("-g"), "pigpiod leaves the foreground (no -g)"),
    ];
    demands.into_iter().filter(|(holds, _)| !holds).map(|(_, problem)| problem.to_owned()).collect()
}
