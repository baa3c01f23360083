// SPDX-License-Identifier: GPL-3.0-or-later
//! Runs code of root with the permissions of a user, in that user's directories. Even if the user creates
//! links there, the code reaches nothing that the user cannot reach.

use std::io;
use std::panic::resume_unwind;
use std::thread;

use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// A user, by ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// User ID.
    pub user: u32,
    /// Group ID.
    pub group: u32,
}

/// Runs `work` with the permissions of `user`. A caller other than root can only name itself.
///
/// It runs in a thread of its own, because the kernel has credentials for each thread. The thread drops
/// root's permanently, including the saved ones, and ends with the work. No other thread is changed.
pub fn as_user<T: Send>(user: User, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    let (uid, gid) = (Uid::from_raw(user.user), Gid::from_raw(user.group));
    if rustix::process::geteuid() == uid {
        return Ok(work());
    }
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            set_thread_groups(&[gid])?;
            set_thread_res_gid(gid, gid, gid)?;
            // Last, because the other calls are not permitted after it.
            set_thread_res_uid(uid, uid, uid)?;
            Ok(work())
        });
        worker.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    use rustix::process::geteuid;

    use super::*;

    #[test]
    fn reaches_only_what_the_user_can_reach() {
        let me = User { user: geteuid().as_raw(), group: rustix::process::getegid().as_raw() };
        assert_eq!(as_user(me, || 1).unwrap(), 1);
        if !geteuid().is_root() {
            assert!(as_user(User { user: 0, group: 0 }, || 1).is_err());
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (own, secret) = (directory.path().join("own"), directory.path().join("secret"));
        fs::create_dir(&own).unwrap();
        chown(&own, Some(65534), Some(65534)).unwrap();
        fs::write(&secret, "s").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let nobody = User { user: 65534, group: 65534 };
        let (read, written) =
            as_user(nobody, || (fs::read(&secret), fs::write(own.join("new"), "n"))).unwrap();
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        written.unwrap();
        assert_eq!(own.join("new").metadata().unwrap().uid(), 65534);
        // The caller's credentials are unchanged.
        fs::read(&secret).unwrap();
    }
}
