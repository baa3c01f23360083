// SPDX-License-Identifier: GPL-3.0-or-later
//! What the finger does: the touch screen when there is one, the long press, and whether the finger still means something.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use kivy_conf::input::Rule;

use super::{Filter, Pointer, TouchScreen};
use crate::long_press::LongPress;
use crate::search::Search;
use crate::window::Window;

/// Where touches come from.
pub(crate) struct Options {
    /// The device, if it is named.
    pub path: Option<PathBuf>,
    /// In its place.
    pub window: Option<Rc<Window>>,
    /// Which touch screens the Kivy configuration means.
    pub rules: Vec<Rule>,
}

/// The finger, and the touch screen that sees it.
pub(crate) struct TouchInput {
    options: Options,
    filter: Filter,
    screen: Option<TouchScreen>,
    search: Search,
    /// A finger that rests.
    pub press: LongPress,
    /// The finger has done what it was to do; the rest of its way means nothing.
    pub is_done: bool,
}

impl TouchInput {
    /// Takes touches that pass `filter`, as soon as there is a touch screen.
    pub(crate) fn new(options: Options, filter: Filter) -> Self {
        Self {
            options,
            filter,
            screen: None,
            search: Search::default(),
            press: LongPress::default(),
            is_done: false,
        }
    }

    /// Looks for the touch screen, if there is none and it is time.
    pub(crate) fn find_screen(&mut self, now: Instant) {
        if self.screen.is_some() || !self.search.is_due(now) {
            return;
        }
        let Options { path, window, rules } = &self.options;
        let opened = match window {
            Some(window) => Ok(Some(TouchScreen::of_window(Rc::clone(window)))),
            None => TouchScreen::open(path.as_deref(), rules),
        };
        match opened {
            Ok(Some(screen)) => {
                log::info!("takes touches from {}", screen.description());
                self.search.found();
                self.screen = Some(screen);
            }
            Ok(None) => {
                let sought = match path {
                    Some(path) => format!("{}, which is not there", path.display()),
                    None => "one to appear in /dev/input".into(),
                };
                self.search.failed(now, &format!("waits for a touch screen: {sought}"));
            }
            Err(error) => self.search.failed(now, &format!("waits for a touch screen: {error:#}")),
        }
    }

    /// The touches that have come on a screen of `size`. Says whether the touch screen was lost by it.
    pub(crate) fn take(&mut self, size: (u32, u32)) -> (Vec<Pointer>, bool) {
        let mut pointers = Vec::new();
        let Some(screen) = &mut self.screen else { return (pointers, false) };
        let read = screen.read(size, |pointer| pointers.extend(self.filter.pass(pointer)));
        let Err(error) = read else { return (pointers, false) };
        let reason = format!("waits for a touch screen: lost {}: {error}", screen.description());
        self.screen = None;
        self.search.failed(Instant::now(), &reason);
        (pointers, true)
    }

    /// Whether touches wait that its descriptor does not announce.
    pub(crate) fn has_waiting(&self) -> bool {
        self.screen.as_ref().is_some_and(TouchScreen::has_waiting)
    }

    /// Becomes readable with a touch.
    pub(crate) fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.screen.as_ref().map(AsFd::as_fd)
    }

    /// When it has something to do next.
    pub(crate) fn due(&self) -> Option<Instant> {
        let search = self.screen.is_none().then(|| self.search.due()).flatten();
        [search, self.press.due()].into_iter().flatten().min()
    }
}
