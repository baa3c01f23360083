// SPDX-License-Identifier: GPL-3.0-or-later
//! Files below a lamp's root, changed such that whoever reads them, or pulls the plug, finds the old or the new one whole.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};

/// Owner, group and permission bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    pub user: u32,
    pub group: u32,
    pub mode: u32,
}

/// What only root may read and change.
pub const ROOT_ONLY: Access = Access { user: 0, group: 0, mode: 0o600 };

/// Where the file that a lamp calls `path` is, if its root is at `root`.
pub fn under(root: &Path, path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Whether there is anything of that name, even a link that leads nowhere.
pub fn exists(path: &Path) -> anyhow::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", path.display())),
    }
}

/// Gives a file another name, which nothing may have yet.
pub fn rename_new(from: &Path, to: &Path) -> anyhow::Result<()> {
    renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE)
        .with_context(|| format!("cannot rename {} to {}", from.display(), to.display()))?;
    settle(to)
}

/// Gives a file the first free one of the names `FILE.dpkg-bak`, `FILE.dpkg-bak.1` and so on as a second one, which it
/// keeps when it is replaced or removed; the package itself keeps what is in its way under such names. Returns the name.
pub fn keep(path: &Path) -> anyhow::Result<PathBuf> {
    let mut number = 0;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(".dpkg-bak");
        if number > 0 {
            name.push(format!(".{number}"));
        }
        let backup = PathBuf::from(name);
        match std::fs::hard_link(path, &backup) {
            Ok(()) => {
                settle(&backup)?;
                return Ok(backup);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot keep {} as {}", path.display(), backup.display()));
            }
        }
    }
}

/// Sets owner and mode of a file.
pub fn set_access(path: &Path, access: Access) -> anyhow::Result<()> {
    std::os::unix::fs::chown(path, Some(access.user), Some(access.group))
        .and_then(|()| std::fs::set_permissions(path, Permissions::from_mode(access.mode)))
        .with_context(|| format!("cannot set owner and mode of {}", path.display()))
}

/// Writes a file that replaces whatever has its name.
pub fn write(path: &Path, content: &[u8], access: Access) -> anyhow::Result<()> {
    let new = written_beside(path, content, access)?;
    std::fs::rename(&new, path)
        .with_context(|| format!("cannot rename {} to {}", new.display(), path.display()))?;
    settle(path)
}

/// Writes a file whose name nothing may have yet.
pub fn write_new(path: &Path, content: &[u8], access: Access) -> anyhow::Result<()> {
    let new = written_beside(path, content, access)?;
    rename_new(&new, path).inspect_err(|_| {
        let _ = std::fs::remove_file(&new);
    })
}

/// Removes a file.
pub fn remove(path: &Path) -> anyhow::Result<()> {
    std::fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    settle(path)
}

/// The content, on the disk under a name that neither Supervisor nor mosquitto reads.
fn written_beside(path: &Path, content: &[u8], access: Access) -> anyhow::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let write = || {
        // What an earlier call left when the plug was pulled.
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(content)?;
        std::os::unix::fs::fchown(&file, Some(access.user), Some(access.group))?;
        file.set_permissions(Permissions::from_mode(access.mode))?;
        file.sync_all()
    };
    match write() {
        Ok(()) => Ok(new),
        Err(error) => {
            let _ = std::fs::remove_file(&new);
            Err(error).with_context(|| format!("cannot write {}", new.display()))
        }
    }
}

/// Has the disk know what a folder of it has come to hold.
fn settle(path: &Path) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("cannot have {} written to the disk", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lamps_paths_are_below_its_root() {
        assert_eq!(under(Path::new("/"), "/etc/x"), Path::new("/etc/x"));
        assert_eq!(under(Path::new("/mnt"), "/etc/x"), Path::new("/mnt/etc/x"));
        assert_eq!(under(Path::new("mnt"), "etc/x"), Path::new("mnt/etc/x"));
    }

    #[test]
    fn nothing_is_overwritten_or_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        let me =
            Access { user: nix::unistd::getuid().into(), group: nix::unistd::getgid().into(), mode: 0o640 };
        write_new(&one, b"1", me).unwrap();
        assert_eq!(one.metadata().unwrap().permissions().mode() & 0o7777, 0o640);
        write(&two, b"2", me).unwrap();
        assert!(write_new(&one, b"3", me).is_err());
        assert!(rename_new(&one, &two).is_err());
        for (round, name) in ["two.dpkg-bak", "two.dpkg-bak.1", "two.dpkg-bak.2"].into_iter().enumerate() {
            assert_eq!(keep(&two).unwrap(), folder.path().join(name));
            write(&two, round.to_string().as_bytes(), me).unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(
            ["one", "two", "two.dpkg-bak", "two.dpkg-bak.1", "two.dpkg-bak.2"].map(read),
            ["1", "2", "2", "0", "1"]
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 5);
    }
}
