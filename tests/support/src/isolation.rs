// SPDX-License-Identifier: GPL-3.0-or-later
//! Machines without some feature, with namespaces for one thread. Requires root.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// Runs `test` with only an IPv4 loopback interface, like with `net.ipv6.conf.all.disable_ipv6=1`, and no
/// other network.
pub fn without_ipv6(test: impl FnOnce() + Send) {
    isolated(CloneFlags::CLONE_NEWNET, || {
        let status = Command::new("ip").args(["link", "set", "lo", "up"]).status();
        assert!(status.expect("ip, from apt-get install iproute2").success(), "the loopback comes up");
        fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1").expect("root may change the network");
        test();
    });
}

/// Runs `test` with mounts that only it and its child processes see.
pub fn with_own_mounts(test: impl FnOnce() + Send) {
    isolated(CloneFlags::CLONE_NEWNS, || {
        let none: Option<&str> = None;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).expect("mounts of our own");
        test();
    });
}

/// Replaces the file at `path` with `from`. Requires [`with_own_mounts`].
pub fn replace_file(path: &Path, from: &Path) {
    let none: Option<&str> = None;
    mount(Some(from), path, none, MsFlags::MS_BIND, none).expect("root may mount");
}

/// Makes a directory read-only. Requires [`with_own_mounts`].
pub fn make_read_only(directory: &Path) {
    let none: Option<&str> = None;
    mount(Some(directory), directory, none, MsFlags::MS_BIND, none).expect("root may mount");
    let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    mount(none, directory, none, flags, none).expect("root may mount");
}

/// Mounts an empty file system of `size` bytes on a directory. Requires [`with_own_mounts`].
pub fn mount_memory(directory: &Path, size: usize) {
    let options = format!("size={size},mode=755");
    mount(Some("tmpfs"), directory, Some("tmpfs"), MsFlags::empty(), Some(options.as_str()))
        .expect("root may mount");
}

/// Runs `test` on a thread with its own namespaces.
fn isolated(namespaces: CloneFlags, test: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            unshare(namespaces).expect("root may have namespaces of its own");
            test();
        });
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}
