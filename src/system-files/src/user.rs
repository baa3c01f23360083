// SPDX-License-Identifier: GPL-3.0-or-later
//! What root does in the directories of a user, with no more rights than that user has: whatever the user
//! puts in the way, it reaches nothing that the user could not reach without root.

use std::io;
use std::panic::resume_unwind;
use std::thread;

use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// A user, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// The user's own number.
    pub user: u32,
    /// That of the user's group.
    pub group: u32,
}

/// Does `work` with the rights of `user`. Without root's rights it is only possible for the caller.
///
/// The kernel keeps the rights of each thread apart. They are given up for good, the saved ones too, so that
/// the thread has no way back; it ends with the work. No other thread is changed.
pub fn as_user<T: Send>(user: User, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    let (uid, gid) = (Uid::from_raw(user.user), Gid::from_raw(user.group));
    if rustix::process::geteuid() == uid {
        return Ok(work());
    }
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            set_thread_groups(&[gid])?;
            set_thread_res_gid(gid, gid, gid)?;
            // Last, since nothing of this is allowed after it.
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
    fn a_user_reaches_only_what_is_his() {
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
        // The caller is who he was.
        fs::read(&secret).unwrap();
    }
}
