// SPDX-License-Identifier: GPL-3.0-or-later
//! Whose package a file is.

use anyhow::{Context, bail};
use autostart::packages;

use super::system::System;

/// The package that brought the file or folder at `path`, as the system calls it, if one did.
pub(super) fn owner(system: &System, path: &str) -> anyhow::Result<Option<String>> {
    let owners = packages::owners(system.root(), std::iter::once(path));
    let mut owners = owners.with_context(|| format!("dpkg-query cannot tell whose file {path} is"))?;
    Ok(owners.remove(path))
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
