// SPDX-License-Identifier: GPL-3.0-or-later
//! Replaces a file atomically: writes it under another name, syncs it to the disk, and renames it. A reader,
//! and a loss of power, find the complete old or new file.
//!
//! [`crate::Place`] adds the requirements for the directory. Without them, [`replace`] is for a program's own
//! files in a directory of its own user.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, openat, renameat, unlinkat};
use rustix::io::Errno;

/// Permission bits of a file that everybody can read, subject to the umask.
const ORDINARY: Mode =
    Mode::RUSR.union(Mode::WUSR).union(Mode::RGRP).union(Mode::WGRP).union(Mode::ROTH).union(Mode::WOTH);

/// A file name in an open directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a> {
    pub directory: &'a File,
    pub name: &'a OsStr,
}

/// Writes a new file and syncs it. First removes what has its name, such as the remainder of a crash; follows
/// no link. Removes the file if this fails.
pub(crate) fn write_temp(
    temp: Name,
    mode: Mode,
    content: &[u8],
    prepare: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    match unlinkat(temp.directory, temp.name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(temp.directory, temp.name, flags, mode)?);
    let write = || {
        file.write_all(content)?;
        prepare(&file)?;
        file.sync_all()
    };
    // On a full disk, do not leave a truncated file.
    write().inspect_err(|_| discard(temp))
}

/// Renames `temp` to `target`, replacing whatever has that name, even a link. Removes `temp` if that fails.
///
/// The caller syncs the directory of `target`.
pub(crate) fn rename(temp: Name, target: Name) -> io::Result<()> {
    renameat(temp.directory, temp.name, target.directory, target.name).inspect_err(|_| discard(temp))?;
    Ok(())
}

/// Removes a temporary file.
pub(crate) fn discard(temp: Name) {
    let _ = unlinkat(temp.directory, temp.name, AtFlags::empty());
}

/// A complete file on the disk under a temporary name. Removed when dropped.
#[derive(Debug)]
pub struct Replacement {
    from: (File, OsString),
    to: (File, OsString),
    is_in_place: bool,
}

impl Replacement {
    /// Writes the file for `target` as `temp`, on the same file system, with the permission bits of any new
    /// file.
    pub fn write(temp: &Path, target: &Path, content: &[u8]) -> io::Result<Self> {
        let replacement = Self { from: split(temp)?, to: split(target)?, is_in_place: false };
        write_temp(name(&replacement.from), ORDINARY, content, |_| Ok(()))?;
        Ok(replacement)
    }

    /// Renames it to its target, replacing what is there.
    pub fn put_in_place(mut self) -> io::Result<()> {
        rename(name(&self.from), name(&self.to))?;
        self.is_in_place = true;
        self.to.0.sync_all()
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.is_in_place {
            discard(name(&self.from));
        }
    }
}

/// Replaces the file at `path` through `PATH.new`, and removes a `PATH.new` that a crash has left.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut temp = path.as_os_str().to_owned();
    temp.push(".new");
    Replacement::write(Path::new(&temp), path, content)?.put_in_place()
}

/// The directory of a path, and the file name.
fn split(path: &Path) -> io::Result<(File, OsString)> {
    let Some(name) = path.file_name() else { return Err(io::ErrorKind::InvalidFilename.into()) };
    let directory = match path.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    Ok((File::open(directory)?, name.to_owned()))
}

fn name((directory, name): &(File, OsString)) -> Name<'_> {
    Name { directory, name }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn replaces_a_file_and_leaves_no_temporary_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("secret"), "s").unwrap();
        // Left by a crash, or created by another user.
        symlink("secret", path("x.new")).unwrap();
        symlink("secret", path("x")).unwrap();
        replace(&path("x"), b"1").unwrap();
        assert!(!path("x").is_symlink());
        replace(&path("x"), b"2").unwrap();
        assert_eq!(fs::read_to_string(path("x")).unwrap(), "2");
        assert_eq!(fs::read_to_string(path("secret")).unwrap(), "s");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn removes_a_file_that_is_not_put_in_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir_all(path("x/full")).unwrap();
        let [one, two] = ["x", "y"].map(|name| Replacement::write(&path("temp"), &path(name), b"1").unwrap());
        // A directory is in the way.
        assert!(one.put_in_place().is_err());
        drop(two);
        assert!(!path("temp").exists() && !path("y").exists());
        assert!(replace(&path("missing/x"), b"1").is_err());
        fs::create_dir(path("z.new")).unwrap();
        assert!(replace(&path("z"), b"1").is_err());
        assert!(path("z.new").is_dir());
    }
}
