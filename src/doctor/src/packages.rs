// SPDX-License-Identifier: GPL-3.0-or-later
//! The package that a file belongs to.

use anyhow::{Context, bail};
use autostart::packages;

use super::system::System;

/// The package that the file or directory at `path` belongs to, if any. `path` is relative to the system's
/// root.
pub(super) fn owner(system: &System, path: &str) -> anyhow::Result<Option<String>> {
    let owners = packages::owners(system.root(), std::iter::once(path));
    let mut owners = owners.with_context(|| format!("dpkg-query cannot find the package of {path}"))?;
    Ok(owners.remove(path))
}

/// Fails if it belongs to a package: the doctor does not change files that dpkg manages.
pub(super) fn must_be_unpackaged(system: &System, path: &str) -> anyhow::Result<()> {
    match owner(system, path)? {
        Some(package) => {
            bail!("{path} belongs to the package {package}, so lampi does not change it; change it manually")
        }
        None => Ok(()),
    }
}
