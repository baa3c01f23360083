// SPDX-License-Identifier: GPL-3.0-or-later
//! Paths of a machine with its root at any directory.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Error, Operation};

/// The real path of a machine's `path`, if its root is at `root`.
#[must_use]
pub fn in_root(root: &Path, path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Whether anything has that name, even a dangling link.
pub fn exists(path: &Path) -> Result<bool, Error> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).map_err(Error::system(Operation::Look, path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_paths_below_the_root() {
        assert_eq!(in_root(Path::new("/"), "/etc/x"), Path::new("/etc/x"));
        assert_eq!(in_root(Path::new("/mnt"), "/etc/x"), Path::new("/mnt/etc/x"));
        assert_eq!(in_root(Path::new("mnt"), "etc/x"), Path::new("mnt/etc/x"));
    }
}
