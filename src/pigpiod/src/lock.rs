// SPDX-License-Identifier: GPL-3.0-or-later
//! pigpio's lock file, by which only one daemon runs at a time, whichever it is.
//!
//! pigpio makes the file, locks it, and refuses to start while the process whose number is in it lives. The lock says more
//! than the number, which may have passed to somebody else since, so here it is the lock that counts.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};

/// The lock, which is given back when it is dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock of the machine whose root is `root`.
    pub fn take(root: &Path) -> anyhow::Result<Self> {
        let path = root.join("var/run/pigpio.pid");
        loop {
            let made = File::options().write(true).create_new(true).mode(0o644).open(&path);
            let mut file = match made {
                Ok(file) => locked(file, &path)?,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    // Nobody holds what a killed daemon left. It is locked while it is removed, so that two do not both.
                    let _stale = locked(existing(&path)?, &path)?;
                    fs::remove_file(&path)
                        .with_context(|| format!("cannot remove the stale lock file {}", path.display()))?;
                    continue;
                }
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("cannot make the lock file {}", path.display()));
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
        // The next daemon does without.
        let _ = fs::remove_file(&self.path);
    }
}

fn existing(path: &Path) -> anyhow::Result<File> {
    File::options()
        .read(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path)
        .with_context(|| format!("cannot open the lock file {}", path.display()))
}

fn locked(file: File, path: &Path) -> anyhow::Result<Flock<File>> {
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(file) => Ok(file),
        Err((_, Errno::EWOULDBLOCK)) => {
            let holder = fs::read_to_string(path).unwrap_or_default();
            bail!(
                "another pigpiod runs, as process {}, and holds the lock file {}; stop that one first",
                holder.trim(),
                path.display()
            )
        }
        Err((_, error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_and_nobody_keeps_it_after_death() {
        let root = tempfile::tempdir().unwrap();
        let error = Lock::take(root.path()).unwrap_err().to_string();
        assert!(error.starts_with("cannot make the lock file "), "{error}");

        fs::create_dir_all(root.path().join("var/run")).unwrap();
        let path = root.path().join("var/run/pigpio.pid");
        // The number of a process that lives, but holds nothing.
        fs::write(&path, "1\n").unwrap();
        let lock = Lock::take(root.path()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
        let error = Lock::take(root.path()).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("another pigpiod runs, as process {}, ", std::process::id())),
            "{error}"
        );
        drop(lock);
        assert!(!path.exists());

        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        let error = Lock::take(root.path()).unwrap_err().to_string();
        assert!(error.starts_with("cannot open the lock file "), "a link is not followed: {error}");
    }
}
