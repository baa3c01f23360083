// SPDX-License-Identifier: GPL-3.0-or-later
//! Machines that lack something, made of namespaces of one thread. They take root.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// Runs `test` on a machine whose loopback has IPv4 only, as by `net.ipv6.conf.all.disable_ipv6=1`. It reaches nothing else.
pub fn without_ipv6(test: impl FnOnce() + Send) {
    isolated(CloneFlags::CLONE_NEWNET, || {
        let status = Command::new("ip").args(["link", "set", "lo", "up"]).status();
        assert!(status.expect("ip, from apt-get install iproute2").success(), "the loopback comes up");
        fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1").expect("root may change the network");
        test();
    });
}

/// Runs `test` where mounts are seen by it alone, and by what it starts.
pub fn with_own_mounts(test: impl FnOnce() + Send) {
    isolated(CloneFlags::CLONE_NEWNS, || {
        let none: Option<&str> = None;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).expect("mounts of our own");
        test();
    });
}

/// Lets the file `from` be read in place of the one at `path`, after [`with_own_mounts`].
pub fn replace_file(path: &Path, from: &Path) {
    let none: Option<&str> = None;
    mount(Some(from), path, none, MsFlags::MS_BIND, none).expect("root may mount");
}

/// Makes a directory read-only, after [`with_own_mounts`].
pub fn make_read_only(directory: &Path) {
    let none: Option<&str> = None;
    mount(Some(directory), directory, none, MsFlags::MS_BIND, none).expect("root may mount");
    let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    mount(none, directory, none, flags, none).expect("root may mount");
}

/// Puts a file system of `size` bytes, which holds nothing yet, on a directory, after [`with_own_mounts`].
pub fn mount_memory(directory: &Path, size: usize) {
    let options = format!("size={size},mode=755");
    mount(Some("tmpfs"), directory, Some("tmpfs"), MsFlags::empty(), Some(options.as_str()))
        .expect("root may mount");
}

/// Runs `test` on a thread with namespaces of its own, which end with it.
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
