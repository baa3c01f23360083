// SPDX-License-Identifier: GPL-3.0-or-later
//! Reports new devices, without polling.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

/// A descriptor that becomes readable when a device appears or its permissions change.
pub(super) struct Watch(Inotify);

impl Watch {
    /// Watches `folder`; `None` if it does not exist or the kernel cannot watch it.
    pub(super) fn new(folder: &Path) -> Option<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok()?;
        // udev sets the group of a new device after it appears.
        let comes = AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO | AddWatchFlags::IN_ATTRIB;
        inotify.add_watch(folder, comes).ok()?;
        Some(Self(inotify))
    }

    /// Reads all events. Returns whether there were any.
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
