// SPDX-License-Identifier: GPL-3.0-or-later
//! Detects when a file appears at a path, without polling.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};

/// The maximum length of a chain of links, as in the kernel.
const MOST_LINKS: usize = 40;

/// A watch on a path without a file. It reports what appears after it was created.
pub(crate) struct Arrival {
    changes: Inotify,
    /// The name to appear in each of the directories.
    names: HashMap<WatchDescriptor, OsString>,
}

impl Arrival {
    /// Watches `path`. `None` if something exists there, or the kernel cannot watch.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        let changes = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).ok()?;
        let mut arrival = Self { changes, names: HashMap::new() };
        let mut path = std::path::absolute(path).ok()?;
        for _ in 0..MOST_LINKS {
            arrival.watch(&path)?;
            // A dangling link, as udev creates them in /dev.
            match path.read_link() {
                Ok(target) => path = path.parent()?.join(target),
                Err(_) => break,
            }
        }
        // Last, because the file may have appeared since.
        (!path.exists()).then_some(arrival)
    }

    /// Watches the deepest existing directory on the way to `path`.
    fn watch(&mut self, path: &Path) -> Option<()> {
        let flags = AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_ONLYDIR;
        let mut path: PathBuf = path.to_owned();
        loop {
            let name = path.file_name()?.to_owned();
            path.pop();
            if let Ok(watch) = self.changes.add_watch(&path, flags) {
                self.names.insert(watch, name);
                return Some(());
            }
        }
    }

    /// Reads the kernel's events. Returns true if the file may have appeared.
    pub(crate) fn has_come(&self) -> bool {
        let Ok(events) = self.changes.read_events() else { return true };
        // An event without a name is about the directory itself or about lost events.
        events.iter().any(|event| event.name.is_none() || event.name.as_ref() == self.names.get(&event.wd))
    }
}

impl AsFd for Arrival {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.changes.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::time::{Duration, Instant};

    use super::*;

    fn is_reported(arrival: &Arrival) -> bool {
        let until = Instant::now() + Duration::from_millis(20);
        runtime::wait::readable(&[arrival.as_fd()], Some(until)).expect("a wait")[0] && arrival.has_come()
    }

    #[test]
    fn reports_only_files_at_the_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("fb1");
        let arrival = Arrival::at(&path).expect("a watch");
        assert!(!is_reported(&arrival));
        fs::write(folder.path().join("fb10"), "").expect("written");
        assert!(!is_reported(&arrival));
        fs::write(&path, "").expect("written");
        assert!(is_reported(&arrival));
        assert!(Arrival::at(&path).is_none(), "it exists");
    }

    #[test]
    fn watches_directories_and_targets_of_links() {
        let folder = tempfile::tempdir().expect("a folder");
        let [below, link] = ["below", "link"].map(|name| folder.path().join(name));
        symlink("below/fb1", &link).expect("linked");
        for path in [below.join("fb1"), link] {
            let arrival = Arrival::at(&path).expect("a watch");
            fs::create_dir(&below).expect("a folder");
            assert!(is_reported(&arrival), "{}", path.display());
            let arrival = Arrival::at(&path).expect("a watch");
            fs::write(below.join("fb1"), "").expect("written");
            assert!(is_reported(&arrival), "{}", path.display());
            fs::remove_dir_all(&below).expect("removed");
        }
    }
}
