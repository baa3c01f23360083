// SPDX-License-Identifier: GPL-3.0-or-later
//! Checks of the four Supervisor files: Supervisor accepts them, and they start the lamp's programs.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;
use programs::{conf, supervised};
use supervisor_conf::Report;
use tempfile::TempDir;

use super::report::Problems;
use crate::check;
use crate::deb::Deb;
use crate::stage::{CONF_DIRECTORY, make_directory, write};

pub(super) fn readable(deb: &Deb) -> Problems {
    match read(deb) {
        Ok((report, directory)) => check::shown(&report.findings, directory.path()),
        Err(error) => vec![format!("{error:#}")],
    }
}

pub(super) fn started(deb: &Deb) -> Problems {
    match read(deb) {
        Ok((report, _)) => faults(&report.programs),
        Err(error) => vec![format!("{error:#}")],
    }
}

/// Unpacks the confs and parses them as on a lamp with the package. The user is that of `lamp_service`,
/// because the package creates it.
fn read(deb: &Deb) -> anyhow::Result<(Report, TempDir)> {
    let directory = tempfile::tempdir().context("cannot make a temporary directory")?;
    unpack(deb, directory.path())?;
    let first = check::of_package(directory.path(), "root", "pigpiod")?;
    let program = |name: &str| first.programs.iter().find(|program| program.name == name);
    let user = program("lamp_service").and_then(|program| program.user.clone()).unwrap_or_default();
    let pigpiod = program("pigpiod").and_then(|program| program.command.first().cloned()).unwrap_or_default();
    Ok((check::of_package(directory.path(), &user, &pigpiod)?, directory))
}

fn unpack(deb: &Deb, directory: &Path) -> anyhow::Result<()> {
    make_directory(&directory.join(CONF_DIRECTORY))?;
    for program in supervised() {
        let path = format!("{CONF_DIRECTORY}/{program}.conf");
        let entry = deb.file(&path).with_context(|| format!("/{path} is missing"))?;
        let place = directory.join(&path);
        write(&place, entry.content().unwrap_or_default())?;
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(entry.mode))
            .with_context(|| format!("cannot set the mode of {}", place.display()))?;
    }
    Ok(())
}

fn faults(sections: &[supervisor_conf::Program]) -> Problems {
    let mut problems = Problems::new();
    let mut in_order = Vec::new();
    for program in supervised() {
        let file = format!("{program}.conf");
        let of_file: Vec<_> = sections.iter().filter(|section| section.file.ends_with(&file)).collect();
        match of_file.as_slice() {
            [section] if section.section == format!("program:{program}") => {
                problems
                    .extend(conf::faults(program, section).iter().map(|fault| format!("{file}: {fault}")));
                in_order.push(*section);
            }
            _ => problems.push(format!("{file} must have [program:{program}] and no other section")),
        }
    }
    if let Some((earlier, later)) = conf::out_of_order(&in_order) {
        problems.push(format!("{} does not start before {}", earlier.name, later.name));
    }
    problems
}
