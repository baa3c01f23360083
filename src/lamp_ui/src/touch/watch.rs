// SPDX-License-Identifier: GPL-3.0-or-later
//! Notice of devices that come, so that nobody has to look again and again.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

/// Becomes readable when a device comes, or becomes one that may be opened.
pub(super) struct Watch(Inotify);

impl Watch {
    /// Watches `folder`; `None`: it is not there, or the kernel cannot watch.
    pub(super) fn new(folder: &Path) -> Option<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok()?;
        // udev gives a device its group after it has come.
        let comes = AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO | AddWatchFlags::IN_ATTRIB;
        inotify.add_watch(folder, comes).ok()?;
        Some(Self(inotify))
    }

    /// Takes all notices. Says whether there were any.
    pub(super) fn take(&self) -> bool {
        let mut any = false;
        while self.0.read_events().is_ok_and(|events| !events.is_empty()) {
            any = true;
        }
        any
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
