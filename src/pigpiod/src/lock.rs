// SPDX-License-Identifier: GPL-3.0-or-later
//! pigpio's lock file, which ensures that only one daemon runs.
//!
//! pigpio creates and locks the file, and refuses to start while the process with the ID in it exists. The ID
//! may belong to another process by now, and every user can read and lock pigpio's file. This module
//! therefore checks both: the file is locked, and the process exists and has the same user. Only the owner
//! can read the file that this module creates.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::geteuid;

/// The lock. Dropping it releases it.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock of the machine with the root directory `root`.
    pub(crate) fn take(root: &Path) -> anyhow::Result<Self> {
        let path = root.join("var/run/pigpio.pid");
        loop {
            let made = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path);
            let mut file = match made {
                Ok(file) => lock(file, &path)?.map_err(|file| anyhow!(held(&file, &path)))?,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    // Hold the lock during the removal, so that only one process removes it.
                    let _stale = match lock(existing(&path)?, &path)? {
                        Err(file) if is_of_a_daemon(&file) => bail!(held(&file, &path)),
                        stale => stale,
                    };
                    fs::remove_file(&path)
                        .with_context(|| format!("cannot remove the stale lock file {}", path.display()))?;
                    continue;
                }
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("cannot create the lock file {}", path.display()));
                }
            };
            writeln!(file, "{}", std::process::id())
                .with_context(|| format!("cannot write to the lock file {}", path.display()))?;
            return Ok(Self { path, _file: file });
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The next daemon removes a stale file.
        let _ = fs::remove_file(&self.path);
    }
}

fn existing(path: &Path) -> anyhow::Result<File> {
    let shown = path.display();
    // Without O_NONBLOCK, opening a pipe would block.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = File::options()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)
        .with_context(|| format!("cannot open the lock file {shown}; remove it"))?;
    if !file.metadata().with_context(|| format!("cannot read the lock file {shown}"))?.is_file() {
        bail!("the lock file {shown} is not a regular file; remove it");
    }
    Ok(file)
}

/// Locks the file. Returns it unlocked if another process has locked it.
fn lock(file: File, path: &Path) -> anyhow::Result<Result<Flock<File>, File>> {
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(file) => Ok(Ok(file)),
        Err((file, Errno::EWOULDBLOCK)) => Ok(Err(file)),
        Err((_, error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

/// The process ID in a lock file; empty if the daemon has not written it yet.
fn holder(mut file: &File) -> String {
    let mut text = String::new();
    // An unreadable file has no ID.
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut text));
    text.trim().to_owned()
}

/// Whether a locked file belongs to a running or starting daemon.
fn is_of_a_daemon(file: &File) -> bool {
    let holder = holder(file);
    let is_ours = |process: u32| {
        fs::metadata(format!("/proc/{process}")).is_ok_and(|directory| directory.uid() == geteuid().as_raw())
    };
    holder.is_empty() || holder.parse().is_ok_and(is_ours)
}

fn held(file: &File, path: &Path) -> String {
    format!(
        "another pigpiod is running as process {} with the lock file {}; stop it first",
        holder(file),
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_has_the_lock_until_it_exits() {
        let root = tempfile::tempdir().unwrap();
        let error = Lock::take(root.path()).unwrap_err().to_string();
        assert!(error.starts_with("cannot create the lock file "), "{error}");

        fs::create_dir_all(root.path().join("var/run")).unwrap();
        let path = root.path().join("var/run/pigpio.pid");
        // The ID of a running process without the lock.
        fs::write(&path, "1\n").unwrap();
        let lock = Lock::take(root.path()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
        let error = Lock::take(root.path()).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("another pigpiod is running as process {} ", std::process::id())),
            "{error}"
        );
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600, "other users cannot lock it");
        drop(lock);
        assert!(!path.exists());

        // Locked by another process than the one with the ID in the file.
        fs::write(&path, "4194305\n").unwrap();
        let _squatter = Flock::lock(File::open(&path).unwrap(), FlockArg::LockExclusiveNonblock).unwrap();
        drop(Lock::take(root.path()).unwrap());

        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        let error = Lock::take(root.path()).unwrap_err().to_string();
        assert!(error.starts_with("cannot open the lock file "), "a symbolic link is not followed: {error}");
    }
}
