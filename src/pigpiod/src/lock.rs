// SPDX-License-Identifier: GPL-3.0-or-later
//! pigpio's lock file, by which only one daemon runs at a time, whichever it is.
//!
//! pigpio makes the file, locks it, and refuses to start while the process whose number is in it lives. That number may
//! have passed to somebody else since, and whoever can read the file can lock it, which everybody can with pigpio's own. So
//! both count together: the file is locked, and the process lives and is of the same user. Our file nobody else can read.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::geteuid;

/// The lock, which is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock of the machine whose root is `root`.
    pub(crate) fn take(root: &Path) -> anyhow::Result<Self> {
        let path = root.join("var/run/pigpio.pid");
        loop {
            let made = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path);
            let mut file = match made {
                Ok(file) => lock(file, &path)?.map_err(|file| anyhow!(held(&file, &path)))?,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    // It is locked while it is removed, so that two do not both.
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
    let shown = path.display();
    // Without O_NONBLOCK a pipe would keep it waiting.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = File::options()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)
        .with_context(|| format!("cannot open the lock file {shown}; remove what is there"))?;
    if !file.metadata().with_context(|| format!("cannot look at the lock file {shown}"))?.is_file() {
        bail!("the lock file {shown} is no regular file; remove what is there");
    }
    Ok(file)
}

/// The file, locked, or as it was if somebody else has locked it.
fn lock(file: File, path: &Path) -> anyhow::Result<Result<Flock<File>, File>> {
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(file) => Ok(Ok(file)),
        Err((file, Errno::EWOULDBLOCK)) => Ok(Err(file)),
        Err((_, error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

/// The number in a lock file; nothing as long as its daemon has not written it.
fn holder(mut file: &File) -> String {
    let mut text = String::new();
    // What cannot be read is no number.
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut text));
    text.trim().to_owned()
}

/// Whether a locked file is that of a daemon that runs, or starts just now.
fn is_of_a_daemon(file: &File) -> bool {
    let holder = holder(file);
    let is_ours = |process: u32| {
        fs::metadata(format!("/proc/{process}")).is_ok_and(|directory| directory.uid() == geteuid().as_raw())
    };
    holder.is_empty() || holder.parse().is_ok_and(is_ours)
}

fn held(file: &File, path: &Path) -> String {
    format!(
        "another pigpiod runs, as process {}, and holds the lock file {}; stop that one first",
        holder(file),
        path.display()
    )
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
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600, "nobody else can lock it");
        drop(lock);
        assert!(!path.exists());

        // Locked by somebody who is not the daemon that it names.
        fs::write(&path, "4194305\n").unwrap();
        let _squatter = Flock::lock(File::open(&path).unwrap(), FlockArg::LockExclusiveNonblock).unwrap();
        drop(Lock::take(root.path()).unwrap());

        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        let error = Lock::take(root.path()).unwrap_err().to_string();
        assert!(error.starts_with("cannot open the lock file "), "a link is not followed: {error}");
    }
}
