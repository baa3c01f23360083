// SPDX-License-Identifier: GPL-3.0-or-later
//! Detects whether a desktop uses the display.
//!
//! Under KMS, the desktop is visible whatever the framebuffer contains: its X server or Wayland compositor is
//! the DRM master of the display. The kernel reports this through the framebuffer
//! ([`framebuffer::Surface::is_hidden`]). Other signs mislead: under fbcp the text console is in graphics
//! mode too; a desktop started from a console has a login session of type `tty`, and one without logind has
//! none; only root can see whether another user's process has the display open.
//!
//! The kernel does not report a change of the master, but events that accompany it: the opening or closing of
//! a display device, or a switch of the virtual terminal. The master changes a moment later, so this module
//! checks repeatedly for a while after an event, and with each touch.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

/// The display devices.
const DISPLAYS: &str = "/dev/dri";

/// The prefix of their names; others in the directory have no display.
const DISPLAY: &str = "card";

/// The kernel's name of the visible virtual terminal.
const TERMINAL: &str = "/sys/class/tty/tty0/active";

/// How long after an event, and how often, to check.
const SETTLING: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_millis(500);

/// The state of the desktop.
pub(crate) struct Desktop {
    /// Whether a desktop matters.
    is_respected: bool,
    events: Option<Inotify>,
    is_shown: bool,
    next: Option<Instant>,
    settled: Instant,
}

impl Desktop {
    /// Starts without a desktop. If not `is_respected`, none is ever detected.
    pub(crate) fn new(is_respected: bool) -> Self {
        let now = Instant::now();
        Self { is_respected, events: None, is_shown: false, next: None, settled: now }
    }

    /// Whether a desktop is visible, as of the last [`Self::look`].
    pub(crate) fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// Starts watching displays, after a framebuffer was opened.
    pub(crate) fn follow(&mut self, now: Instant) {
        if self.is_respected {
            self.events = events(Path::new(DISPLAYS), Path::new(TERMINAL));
            self.settle(now);
        }
    }

    /// Checks for a desktop if due or `is_touched`; `is_hidden` returns whether another program uses the
    /// lamp's display. Returns true after a change.
    pub(crate) fn look(&mut self, now: Instant, is_touched: bool, is_hidden: impl FnOnce() -> bool) -> bool {
        if self.events.as_ref().is_some_and(concern_displays) {
            self.settle(now);
        }
        let is_due = self.next.is_some_and(|next| next <= now);
        if !self.is_respected || !is_due && !is_touched {
            return false;
        }
        if is_due {
            self.next = (now < self.settled).then(|| now + BETWEEN);
        }
        let was_shown = std::mem::replace(&mut self.is_shown, is_hidden());
        was_shown != self.is_shown
    }

    /// The time of the next check.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.next
    }

    /// A descriptor that becomes readable with an event.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.events.as_ref().map(AsFd::as_fd)
    }

    fn settle(&mut self, now: Instant) {
        self.next = Some(now);
        self.settled = now + SETTLING;
    }
}

/// Watches the devices in `displays` and the visible `terminal`, if they exist.
fn events(displays: &Path, terminal: &Path) -> Option<Inotify> {
    let events = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok()?;
    let of_devices = AddWatchFlags::IN_OPEN | AddWatchFlags::IN_CLOSE | AddWatchFlags::IN_CREATE;
    let devices = events.add_watch(displays, of_devices);
    let terminal = events.add_watch(terminal, AddWatchFlags::IN_MODIFY);
    (devices.is_ok() || terminal.is_ok()).then_some(events)
}

/// Reads all events. Returns whether any of them may accompany a change of the master.
fn concern_displays(events: &Inotify) -> bool {
    let mut any = false;
    while let Ok(taken) = events.read_events()
        && !taken.is_empty()
    {
        // An event without a name is about the terminal or about lost events.
        any |= taken
            .iter()
            .any(|event| event.name.as_ref().is_none_or(|name| name.to_string_lossy().starts_with(DISPLAY)));
    }
    any
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn reports_opened_displays_and_terminal_switches() {
        let folder = tempfile::tempdir().unwrap();
        let [card, render, terminal] = ["card0", "renderD128", "active"].map(|name| folder.path().join(name));
        for path in [&card, &render, &terminal] {
            fs::write(path, "").unwrap();
        }
        let displays = folder.path();
        let events = events(displays, &terminal).unwrap();
        let _ = File::open(&render).unwrap();
        assert!(!concern_displays(&events));
        let opened = File::open(&card).unwrap();
        assert!(concern_displays(&events));
        assert!(!concern_displays(&events));
        drop(opened);
        assert!(concern_displays(&events));
        fs::write(&terminal, "tty7\n").unwrap();
        assert!(concern_displays(&events));
        assert!(super::events(Path::new("/nonexistent"), Path::new("/nonexistent")).is_none());
    }

    #[test]
    fn checks_for_a_while_and_with_each_touch() {
        let mut desktop = Desktop::new(true);
        let start = Instant::now();
        assert!(!desktop.look(start, false, || unreachable!("nothing has happened")));
        desktop.settle(start);
        let mut times = 0;
        while let Some(next) = desktop.due() {
            desktop.look(next, false, || {
                times += 1;
                false
            });
        }
        assert_eq!(times, 11);
        let later = start + 2 * SETTLING;
        assert!(desktop.look(later, true, || true) && desktop.is_shown());
        assert!(!desktop.look(later, true, || true));
        assert!(desktop.look(later, true, || false) && !desktop.is_shown());

        let mut desktop = Desktop::new(false);
        desktop.follow(start);
        assert!(!desktop.look(start, true, || unreachable!("it does not matter")));
    }
}
