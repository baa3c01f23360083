// SPDX-License-Identifier: GPL-3.0-or-later
//! The check of the package's own Supervisor files before they are packed.

use std::path::{Path, PathBuf};

use supervisor_conf::{Finding, Host, Report};

use programs::{PROGRAMS, paths, supervised};

/// Checks the package's four confs below `root`, as on a lamp with the package: with its programs, its user,
/// pigpiod, and the directory of Supervisor's logs.
pub(crate) fn of_package(root: &Path, user: &str, pigpiod: &str) -> anyhow::Result<Report> {
    let mut host = Host::new(root).with_user(user).with_directory(paths::LOGS);
    for program in PROGRAMS {
        host = host.with_command(program.path);
    }
    // Supervisor looks up a bare name in PATH.
    let pigpiod = if pigpiod.starts_with('/') { pigpiod.to_owned() } else { format!("/usr/bin/{pigpiod}") };
    host = host.with_command(pigpiod);
    Ok(supervisor_conf::check(&conf_paths(root), &host)?)
}

/// The four confs below `root`.
fn conf_paths(root: &Path) -> Vec<PathBuf> {
    supervised().map(|program| root.join(program.conf().trim_start_matches('/'))).collect()
}

/// The findings as lines, with paths relative to `root`.
pub(crate) fn shown(findings: &[Finding], root: &Path) -> Vec<String> {
    findings
        .iter()
        .map(|finding| {
            let file = finding.file.strip_prefix(root).unwrap_or(&finding.file).to_owned();
            Finding { file, ..finding.clone() }.to_string()
        })
        .collect()
}
