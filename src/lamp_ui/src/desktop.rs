// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether a desktop is on the display in place of the lamp.
//!
//! Under KMS the desktop is what people see, whatever is drawn on the framebuffer: its X server or Wayland compositor is the
//! DRM master of the display. The kernel is asked for exactly that, through the framebuffer itself
//! ([`framebuffer::Surface::is_hidden`]). Other signs mislead. The text console is in graphics mode under fbcp too. A desktop
//! that was started from a console has a login session of the type `tty`, and one without logind has none. Whether a process
//! of another user has the display open is for root to know.
//!
//! The kernel does not report a change of the master, but what comes with one: the device of a display is opened or closed,
//! or another virtual terminal is shown. The master changes a moment later, so the question is asked again for a while. And
//! it is asked with each touch.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

/// The devices of displays.
const DISPLAYS: &str = "/dev/dri";

/// What their names begin with; the others there only compute.
const DISPLAY: &str = "card";

/// The kernel's name of the virtual terminal that is shown.
const TERMINAL: &str = "/sys/class/tty/tty0/active";

/// How long after an event, and how often, the question is asked again.
const SETTLING: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_millis(500);

/// What is known of the desktop.
pub(crate) struct Desktop {
    /// Whether its being there matters.
    is_respected: bool,
    events: Option<Inotify>,
    is_shown: bool,
    next: Option<Instant>,
    settled: Instant,
}

impl Desktop {
    /// None is there, as far as is known. One that is not `is_respected` is never found.
    pub(crate) fn new(is_respected: bool) -> Self {
        let now = Instant::now();
        Self { is_respected, events: None, is_shown: false, next: None, settled: now }
    }

    /// Whether it is shown, as of the last [`Self::look`].
    pub(crate) fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// A framebuffer was opened: what happens to displays is followed from now on.
    pub(crate) fn follow(&mut self, now: Instant) {
        if self.is_respected {
            self.events = events(Path::new(DISPLAYS), Path::new(TERMINAL));
            self.settle(now);
        }
    }

    /// Looks, if it is time or `is_touched`; `is_hidden` says whether the lamp's display is held by another program. Returns
    /// true if that has changed.
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

    /// When to look again.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.next
    }

    /// Becomes readable with an event.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.events.as_ref().map(AsFd::as_fd)
    }

    fn settle(&mut self, now: Instant) {
        self.next = Some(now);
        self.settled = now + SETTLING;
    }
}

/// Events of the devices in `displays` and of the shown `terminal`, as far as there are any.
fn events(displays: &Path, terminal: &Path) -> Option<Inotify> {
    let events = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok()?;
    let of_devices = AddWatchFlags::IN_OPEN | AddWatchFlags::IN_CLOSE | AddWatchFlags::IN_CREATE;
    let devices = events.add_watch(displays, of_devices);
    let terminal = events.add_watch(terminal, AddWatchFlags::IN_MODIFY);
    (devices.is_ok() || terminal.is_ok()).then_some(events)
}

/// Takes all events that are there. Says whether any of them may go with another master of a display.
fn concern_displays(events: &Inotify) -> bool {
    let mut any = false;
    while let Ok(taken) = events.read_events()
        && !taken.is_empty()
    {
        // What has no name is about the terminal, or about events that were lost.
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
    fn displays_that_are_opened_and_another_terminal_are_reported() {
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
    fn the_question_is_asked_for_a_while_and_with_each_touch() {
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
