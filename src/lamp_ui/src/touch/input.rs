// SPDX-License-Identifier: GPL-3.0-or-later
//! What the finger does: the touch screen when there is one, the long press, and whether the finger still means something.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use kivy_conf::Kivy;
use runtime::logging::OnChangeLog;
use touchscreen::Touch;

use super::device::INPUT_FOLDER;
use super::grab::DeviceGrab;
use super::watch::Watch;
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
    pub kivy: Kivy,
}

/// The finger, and the touch screen that sees it.
pub(crate) struct TouchInput {
    options: Options,
    filter: Filter,
    screen: Option<TouchScreen>,
    /// How many lines of the Kivy configuration come before that of the touch screen and may be true one day.
    failed: usize,
    /// Why each line failed.
    complaints: Vec<OnChangeLog>,
    search: Search,
    watch: Option<Watch>,
    grab: DeviceGrab,
    /// A device has come, by which an earlier line may be true now.
    has_news: bool,
    is_touched: bool,
    /// A finger that rests.
    pub press: LongPress,
    /// The finger has done what it was to do; the rest of its way means nothing.
    pub is_done: bool,
}

impl TouchInput {
    /// Takes touches that pass `filter`, as soon as there is a touch screen.
    pub(crate) fn new(options: Options, filter: Filter) -> Self {
        let complaints = options.kivy.rules.iter().map(|_| OnChangeLog::default()).collect();
        Self {
            options,
            filter,
            screen: None,
            failed: 0,
            complaints,
            search: Search::default(),
            watch: None,
            grab: DeviceGrab::default(),
            has_news: false,
            is_touched: false,
            press: LongPress::default(),
            is_done: false,
        }
    }

    /// Looks for the touch screen, if there is none and it is time, or for a better one, if a device has come.
    pub(crate) fn find_screen(&mut self, now: Instant) {
        let is_due = self.screen.is_none() && (self.search.is_due(now) || self.has_news);
        let is_worse = self.screen.is_some() && self.failed > 0 && self.has_news && !self.is_touched;
        if !is_due && !is_worse {
            return;
        }
        self.has_news = false;
        if self.options.window.is_none() && self.options.path.is_none() && self.watch.is_none() {
            // Before the look, so that nothing comes unseen between the two.
            self.watch = Watch::new(Path::new(INPUT_FOLDER));
        }
        match self.open(is_worse.then_some(self.failed)) {
            Ok(Some(screen)) => {
                self.search.found();
                self.screen = Some(screen);
                self.grab.on(self.screen.as_ref());
            }
            Ok(None) if is_worse => {}
            Ok(None) => {
                let sought = match &self.options.path {
                    Some(path) => format!("{}, which is not there", path.display()),
                    None => format!("one to appear in {INPUT_FOLDER}"),
                };
                self.search.failed(now, &format!("waits for a touch screen: {sought}"));
            }
            Err(error) => self.search.failed(now, &format!("waits for a touch screen: {error:#}")),
        }
    }

    /// Opens the touch screen that the first `limit` lines of the Kivy configuration mean, or that all means.
    fn open(&mut self, limit: Option<usize>) -> anyhow::Result<Option<TouchScreen>> {
        let Options { path, window, kivy } = &self.options;
        if let Some(window) = window {
            let screen = TouchScreen::of_window(Rc::clone(window));
            log::info!("takes touches from {}", screen.description());
            return Ok(Some(screen));
        }
        if let Some(path) = path {
            let screen = TouchScreen::at(path, kivy)?;
            if let Some(screen) = &screen {
                log::info!("takes touches from {}", screen.description());
            }
            return Ok(screen);
        }
        let found = TouchScreen::look(kivy, limit)?;
        if limit.is_none() {
            for (index, complaint) in &found.complaints {
                let key = &kivy.rules[*index].key;
                self.complaints[*index].warn(&format!("Kivy configuration: [input] {key}: {complaint}"));
            }
        }
        let Some(choice) = found.choice else {
            if let Some(path) = found.refused {
                anyhow::bail!(
                    "cannot open {}, the user who runs this needs the group `input`",
                    path.display()
                );
            }
            return Ok(None);
        };
        let (failed, in_place_of) = (choice.failed, choice.in_place_of.clone());
        let screen = TouchScreen::of_choice(choice, kivy)?;
        let reason = in_place_of.map_or_else(String::new, |path| {
            format!(" in place of {}, which the Kivy configuration names", path.display())
        });
        log::info!("takes touches from {}{reason}", screen.description());
        self.failed = failed;
        for complaint in self.complaints.iter_mut().skip(failed) {
            complaint.reset();
        }
        Ok(Some(screen))
    }

    /// What the finger has done on a screen of `size`, in the device's units and on the screen. Says whether the touch screen
    /// was lost by it.
    pub(crate) fn take(&mut self, size: (u32, u32)) -> (Vec<(Option<Touch>, Pointer)>, bool) {
        let mut pointers = Vec::new();
        if let Some(watch) = &self.watch {
            self.has_news |= watch.take();
        }
        let Some(screen) = &mut self.screen else { return (pointers, false) };
        let read = screen.read(size, |touch, pointer| {
            self.is_touched = matches!(pointer, Pointer::Down(..) | Pointer::Moved(..));
            if let Some(pointer) = self.filter.pass(pointer) {
                pointers.push((touch, pointer));
            }
        });
        let Err(error) = read else { return (pointers, false) };
        let reason = format!("waits for a touch screen: lost {}: {error}", screen.description());
        self.screen = None;
        self.grab.on(None);
        self.is_touched = false;
        self.filter.pass(Pointer::Lost);
        self.search.failed(Instant::now(), &reason);
        (pointers, true)
    }

    /// Keeps touches from other programs from now on, or lets them have them too.
    pub(crate) fn keep_from_others(&mut self, is_kept: bool) {
        self.grab.want(is_kept, self.screen.as_ref());
    }

    /// The touch screen, if there is one.
    pub(crate) fn screen(&self) -> Option<&TouchScreen> {
        self.screen.as_ref()
    }

    /// Whether touches wait that its descriptors do not announce.
    pub(crate) fn has_waiting(&self) -> bool {
        self.screen.as_ref().is_some_and(TouchScreen::has_waiting)
    }

    /// Become readable with a touch, and when a device comes.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.screen.as_ref().map(AsFd::as_fd).into_iter().chain(self.watch.as_ref().map(AsFd::as_fd))
    }

    /// When it has something to do next.
    pub(crate) fn due(&self) -> Option<Instant> {
        let search = self.screen.is_none().then(|| self.search.due()).flatten();
        [search, self.press.due()].into_iter().flatten().min()
    }
}
