// SPDX-License-Identifier: GPL-3.0-or-later
//! The contents of `/dev`, `/proc`, `/sys` and `/run` on a running machine: the kernel creates the first
//! three, systemd the last. In an image they are empty or contain leftovers of the build.

use std::fs;
use std::path::{Path, PathBuf};

/// Directories of the kernel and of systemd on every running machine.
const DIRECTORIES: &[&str] = &[
    "/dev",
    "/dev/fd",
    "/dev/mqueue",
    "/dev/pts",
    "/dev/shm",
    "/proc",
    "/proc/self",
    "/proc/self/fd",
    "/run",
    "/run/lock",
    "/run/user",
    "/sys",
];

/// Directories of tmpfiles.d(5).
const TMPFILES: [&str; 3] = ["etc/tmpfiles.d", "run/tmpfiles.d", "usr/lib/tmpfiles.d"];

/// Directories of service units.
const UNITS: [&str; 3] = ["etc/systemd/system", "lib/systemd/system", "usr/lib/systemd/system"];

/// Whether the kernel creates the file at an absolute path.
pub(super) fn is_of_kernel(path: &Path) -> bool {
    ["/dev", "/proc", "/sys"].iter().any(|directory| path.starts_with(directory))
}

/// Whether a program may exist at a path of the kernel when the machine runs.
pub(super) fn may_hold_programs(path: &Path, live: bool) -> bool {
    !live && is_of_kernel(path)
}

/// Whether a directory exists on the running machine with its file system at `root`.
pub(super) fn is_directory(path: &Path, root: &Path, live: bool) -> bool {
    let path = of_run(path);
    if DIRECTORIES.iter().any(|directory| path == Path::new(directory)) || is_of_process(&path) {
        return true;
    }
    if live {
        return false;
    }
    path.starts_with("/sys") || (path.starts_with("/run") && made_at_boot(&path, root))
}

/// Replaces the symbolic links `/var/run` and `/var/lock`.
fn of_run(path: &Path) -> PathBuf {
    match (path.strip_prefix("/var/run"), path.strip_prefix("/var/lock")) {
        (Ok(rest), _) => Path::new("/run").join(rest),
        (_, Ok(rest)) => Path::new("/run/lock").join(rest),
        _ => path.to_owned(),
    }
}

/// Whether this is `/proc/NUMBER` or its `fd`.
fn is_of_process(path: &Path) -> bool {
    let Ok(rest) = path.strip_prefix("/proc") else { return false };
    let parts: Vec<_> = rest.iter().map(|part| part.to_string_lossy()).collect();
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    match parts.as_slice() {
        [number] => is_number(number),
        [number, fd] => is_number(number) && fd == "fd",
        _ => false,
    }
}

/// Whether tmpfiles.d or a service's `RuntimeDirectory=` creates a directory below /run.
fn made_at_boot(path: &Path, root: &Path) -> bool {
    let tmpfiles = TMPFILES.iter().flat_map(|directory| contents(&root.join(directory), ".conf"));
    let made = tmpfiles.flat_map(|content| made_by_tmpfiles(&content));
    let units = UNITS.iter().flat_map(|directory| contents(&root.join(directory), ".service"));
    made.chain(units.flat_map(|content| made_by_unit(&content))).any(|made| made.starts_with(path))
}

fn made_by_tmpfiles(content: &str) -> Vec<PathBuf> {
    let lines = content.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let kind = words.next()?;
        let path = words.next()?.trim_matches('"');
        kind.starts_with(['d', 'D', 'v', 'q', 'Q']).then(|| of_run(Path::new(path)))
    });
    lines.collect()
}

fn made_by_unit(content: &str) -> Vec<PathBuf> {
    let names = content.lines().filter_map(|line| line.trim().strip_prefix("RuntimeDirectory="));
    names.flat_map(str::split_whitespace).map(|name| Path::new("/run").join(name)).collect()
}

/// The contents of the files in a directory with names that end with `end`.
fn contents(directory: &Path, end: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with(end));
    paths.filter_map(|path| fs::read_to_string(path).ok()).collect()
}
