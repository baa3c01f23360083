// SPDX-License-Identifier: GPL-3.0-or-later
//! The kernel's report that a file has come to a path, so that waiting for one takes no processor time.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};

/// Links that are followed, one to the next, as in the kernel.
const MOST_LINKS: usize = 40;

/// A watch on a path at which there is no file. What comes to it after the watch was made is reported.
pub(crate) struct Arrival {
    changes: Inotify,
    /// What is to come to each of the directories.
    names: HashMap<WatchDescriptor, OsString>,
}

impl Arrival {
    /// Watches `path`. `None` if something is there, or the kernel cannot report what comes.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        let changes = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).ok()?;
        let mut arrival = Self { changes, names: HashMap::new() };
        let mut path = std::path::absolute(path).ok()?;
        for _ in 0..MOST_LINKS {
            arrival.watch(&path)?;
            // A link to where nothing is, as udev makes them in /dev.
            match path.read_link() {
                Ok(target) => path = path.parent()?.join(target),
                Err(_) => break,
            }
        }
        // Checked last: what came meanwhile is there now.
        (!path.exists()).then_some(arrival)
    }

    /// Watches the deepest directory on the way to `path` that is there.
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

    /// Takes what the kernel has reported. Returns true if it may be what is waited for.
    pub(crate) fn has_come(&self) -> bool {
        let Ok(events) = self.changes.read_events() else { return true };
        // Without a name it is about the directory itself, or about reports that were lost.
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
    fn what_comes_to_the_path_is_reported_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("fb1");
        let arrival = Arrival::at(&path).expect("a watch");
        assert!(!is_reported(&arrival));
        fs::write(folder.path().join("fb10"), "").expect("written");
        assert!(!is_reported(&arrival));
        fs::write(&path, "").expect("written");
        assert!(is_reported(&arrival));
        assert!(Arrival::at(&path).is_none(), "it is there");
    }

    #[test]
    fn folders_and_targets_of_links_are_waited_for_too() {
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
