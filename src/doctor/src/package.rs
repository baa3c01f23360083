// SPDX-License-Identifier: GPL-3.0-or-later
//! The package: whether it is completely installed, and its files are unchanged.

use std::fs::File;
use std::io::ErrorKind;
use std::process::{Command, Stdio};

use super::fix::{Action, Command as Typed, Fix, Tool};
use super::lamp::Lamp;
use super::report::{Need, Report};
use super::system::System;
use runtime::quoting::quoted;

/// The package in dpkg's database.
struct Package {
    version: String,
    architecture: String,
    /// The last word of its status, such as `installed`.
    status: String,
}

/// Checks the package.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let system = &lamp.system;
    let Some(package) = find(system).filter(|package| package.status != "config-files") else {
        report.lacks(Need::Package);
        report.problem(
            "the package lampi is not installed",
            Fix::by_command(
                "Install it from its file; README.md describes how to get it",
                Typed::of_root("apt install ./lampi_*.deb"),
            ),
        );
        return;
    };
    if package.status != "installed" {
        report.lacks(Need::Package);
        report.problem(
            format!(
                "the package lampi {} is not completely installed; dpkg has it as {}",
                package.version, package.status
            ),
            Action::Run(Tool::ConfigurePackages),
        );
        return;
    }
    let damaged = damaged(system);
    if !damaged.is_empty() {
        let text = format!("files of the package lampi are missing or changed: {}", damaged.join(", "));
        let file = quoted(&format!("./lampi_{}_{}.deb", package.version, package.architecture));
        report.problem(
            text,
            Fix::by_command(
                "Install the same version again from its file",
                Typed::of_root(format!("apt install --reinstall {file}")),
            ),
        );
    }
    report.ok_otherwise(format!("lampi {} is installed, and its files are unchanged", package.version));
}

fn find(system: &System) -> Option<Package> {
    let output = Command::new("dpkg-query")
        .arg("--root")
        .arg(system.root())
        .args(["--show", "--showformat", "${Version} ${Architecture} ${db:Status-Status}", "lampi"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let [version, architecture, status] = text.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let package =
        Package { version: version.into(), architecture: architecture.into(), status: status.into() };
    (package.status != "not-installed").then_some(package)
}

/// Files that dpkg reports as missing or changed, except configuration files, which the owner may change.
fn damaged(system: &System) -> Vec<String> {
    let output = Command::new("dpkg")
        .arg("--root")
        .arg(system.root())
        .args(["--verify", "lampi"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let lines = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    lines
        .lines()
        .filter_map(|line| {
            // `??5?????? c /etc/file`, `missing     /usr/file (reason)`
            let (flags, path) = line.split_at(line.find('/')?);
            let path = path.split(" (").next().unwrap_or(path);
            // Small systems configure dpkg to leave out the documentation.
            let is_document = flags.starts_with("missing") && path.starts_with("/usr/share/");
            // For other users than root, dpkg reports unreadable files as changed.
            let is_secret =
                File::open(system.path(path)).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
            (!flags.trim_end().ends_with(" c") && !is_document && !is_secret).then(|| quoted(path))
        })
        .collect()
}
