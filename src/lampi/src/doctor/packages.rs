// SPDX-License-Identifier: GPL-3.0-or-later
//! Whose package a file is.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::system::System;

/// The package that brought the file or folder at `path`, as the system calls it, if one did.
pub(super) fn owner(system: &System, path: &str) -> anyhow::Result<Option<String>> {
    let output = Command::new("dpkg-query")
        .arg("--root")
        .arg(system.root())
        .args(["--search", path])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .context("cannot run dpkg-query")?;
    match output.status.code() {
        // A word with signs such as * is a pattern: then there is an owner too many, and never one too few.
        Some(0) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            Ok(Some(text.split(':').next().unwrap_or_default().to_owned()))
        }
        Some(1) => Ok(None),
        _ => bail!("dpkg-query cannot tell whose file {path} is"),
    }
}

/// Fails if a package brought it: what dpkg looks after is not ours to change.
pub(super) fn must_be_nobodys(system: &System, path: &str) -> anyhow::Result<()> {
    match owner(system, path)? {
        Some(package) => {
            bail!("{path} belongs to the package {package}, so it is left alone; change it by hand")
        }
        None => Ok(()),
    }
}
