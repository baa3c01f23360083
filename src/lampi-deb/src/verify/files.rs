// SPDX-License-Identifier: GPL-3.0-or-later
//! Checks of the control fields, and of the owners, modes, times and checksums of the files.

use std::collections::BTreeSet;

use super::report::Problems;
use crate::deb::{Deb, EntryKind, Owner};
use crate::depends::Need;
use crate::md5sums;
use crate::render::SCRIPTS;
use crate::stage::{CONF_DIRECTORY, CONF_MODE, COPIES_DIRECTORY, LINK_MODE};
use programs::{PROGRAMS, Program, supervised};

/// Required fields, and the dependencies without which no program runs.
pub(super) fn control_fields(deb: &Deb) -> Problems {
    let mut problems = Problems::new();
    for field in [
        "Package",
        "Version",
        "Architecture",
        "Maintainer",
        "Section",
        "Priority",
        "Installed-Size",
        "Depends",
        "Description",
    ] {
        if deb.field(field).is_none_or(|value| value.is_empty()) {
            problems.push(format!("the field {field} is missing"));
        }
    }
    if deb.field("Package").is_some_and(|name| name != "lampi") {
        problems.push("the field Package is not lampi".into());
    }
    let depends = deb.field("Depends").unwrap_or_default();
    for package in ["supervisor", "passwd"] {
        if !crate::depends::satisfied(&depends, &Need { package, version: None }) {
            problems.push(format!("Depends does not name {package}"));
        }
    }
    problems
}

pub(super) fn owners(deb: &Deb) -> Problems {
    let root = Owner { uid: 0, gid: 0 };
    let others = deb.data.iter().chain(&deb.control).filter(|entry| entry.owner != root);
    others.map(|entry| format!("{} belongs to {}:{}", entry.path, entry.owner.uid, entry.owner.gid)).collect()
}

pub(super) fn modes(deb: &Deb) -> Problems {
    let control = deb.control.iter().map(|entry| {
        let script = SCRIPTS.contains(&entry.path.as_str());
        (entry, if script || matches!(entry.kind, EntryKind::Directory) { 0o755 } else { 0o644 })
    });
    let data = deb.data.iter().map(|entry| {
        let mode = match entry.kind {
            EntryKind::Directory => 0o755,
            EntryKind::Link(_) => LINK_MODE,
            _ if entry.path.starts_with(CONF_DIRECTORY) => CONF_MODE,
            // The mode depends on the settings of the build, which the package does not contain.
            _ if entry.path.starts_with(COPIES_DIRECTORY) && entry.mode == CONF_MODE => CONF_MODE,
            _ if PROGRAMS.iter().any(|program| program.packaged_path() == entry.path) => 0o755,
            _ => 0o644,
        };
        (entry, mode)
    });
    control
        .chain(data)
        .filter(|(entry, mode)| entry.mode != *mode)
        .map(|(entry, mode)| format!("{} has mode {:04o}; it must be {mode:04o}", entry.path, entry.mode))
        .collect()
}

pub(super) fn times(deb: &Deb) -> Problems {
    let times: BTreeSet<u64> = deb.data.iter().chain(&deb.control).map(|entry| entry.mtime).collect();
    match times.len() {
        1 => Problems::new(),
        count => vec![format!(
            "there are {count} different time stamps, so the package depends on the time of the build"
        )],
    }
}

pub(super) fn conffiles(deb: &Deb) -> Problems {
    let listed: BTreeSet<String> =
        deb.control_file("conffiles").unwrap_or_default().lines().map(ToOwned::to_owned).collect();
    let required: BTreeSet<String> = supervised().map(Program::conf).collect();
    let contained: BTreeSet<String> = deb
        .data
        .iter()
        .filter(|entry| entry.path.starts_with("etc/") && entry.content().is_some())
        .map(|entry| format!("/{}", entry.path))
        .collect();
    let mut problems = Problems::new();
    problems.extend(required.difference(&listed).map(|path| format!("{path} is not listed as a conffile")));
    problems.extend(required.difference(&contained).map(|path| format!("{path} is not in the package")));
    problems
        .extend(contained.difference(&required).map(|path| format!("{path} does not belong in the package")));
    problems.extend(
        listed.difference(&contained).map(|path| format!("the conffile {path} is not in the package")),
    );
    let content = |directory: &str, program: &str| {
        deb.file(&format!("{directory}/{program}.conf")).map(|file| file.content())
    };
    problems.extend(
        supervised()
            .filter(|program| {
                content(CONF_DIRECTORY, program.name) != content(COPIES_DIRECTORY, program.name)
            })
            .map(|program| format!("/{COPIES_DIRECTORY}/{program}.conf is not a copy of the conffile")),
    );
    problems
}

pub(super) fn checksums(deb: &Deb) -> Problems {
    let Some(listed) = deb.control_file("md5sums") else {
        return vec!["the control file md5sums is missing".into()];
    };
    let listed: BTreeSet<&str> = listed.lines().collect();
    let actual = md5sums::lines(deb);
    let actual: BTreeSet<&str> = actual.lines().collect();
    listed
        .symmetric_difference(&actual)
        .map(|line| format!("md5sums and the files differ in '{line}'"))
        .collect()
}
