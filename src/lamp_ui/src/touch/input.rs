// SPDX-License-Identifier: GPL-3.0-or-later
//! Touch input: the touch screen if available, the long press, and whether the finger still acts.

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

/// The source of touches.
pub(crate) struct Options {
    /// The device, if named.
    pub path: Option<PathBuf>,
    /// A window instead.
    pub window: Option<Rc<Window>>,
    /// The touch screens of the Kivy configuration.
    pub kivy: Kivy,
}

/// The finger and the touch screen.
pub(crate) struct TouchInput {
    options: Options,
    filter: Filter,
    screen: Option<TouchScreen>,
    /// How many earlier lines of the Kivy configuration failed and may succeed later.
    failed: usize,
    /// The last reason for each failed line.
    complaints: Vec<OnChangeLog>,
    search: Search,
    watch: Option<Watch>,
    grab: DeviceGrab,
    /// A device has appeared, so an earlier line may succeed.
    has_news: bool,
    is_touched: bool,
    /// The long press.
    pub press: LongPress,
    /// Whether the finger has acted; the rest of its movement has no effect.
    pub is_done: bool,
}

impl TouchInput {
    /// Passes touches through `filter` as soon as there is a touch screen.
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

    /// Searches for the touch screen if due, or for a better one if a device has appeared.
    pub(crate) fn find_screen(&mut self, now: Instant) {
        let is_due = self.screen.is_none() && (self.search.is_due(now) || self.has_news);
        let is_worse = self.screen.is_some() && self.failed > 0 && self.has_news && !self.is_touched;
        if !is_due && !is_worse {
            return;
        }
        self.has_news = false;
        if self.options.window.is_none() && self.options.path.is_none() && self.watch.is_none() {
            // Before the search, so that no device is missed in between.
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
                    Some(path) => format!("{} does not exist", path.display()),
                    None => format!("none in {INPUT_FOLDER}"),
                };
                self.search.failed(now, &format!("waiting for a touch screen: {sought}"));
            }
            Err(error) => self.search.failed(now, &format!("waiting for a touch screen: {error:#}")),
        }
    }

    /// Opens a touch screen by the first `limit` lines of the Kivy configuration, or by all.
    fn open(&mut self, limit: Option<usize>) -> anyhow::Result<Option<TouchScreen>> {
        let Options { path, window, kivy } = &self.options;
        if let Some(window) = window {
            let screen = TouchScreen::of_window(Rc::clone(window));
            log::info!("reading touches from {}", screen.description());
            return Ok(Some(screen));
        }
        if let Some(path) = path {
            let screen = TouchScreen::at(path, kivy)?;
            if let Some(screen) = &screen {
                log::info!("reading touches from {}", screen.description());
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
                    "cannot open {}; add the user of this process to the group `input`",
                    path.display()
                );
            }
            return Ok(None);
        };
        let (failed, in_place_of) = (choice.failed, choice.in_place_of.clone());
        let screen = TouchScreen::of_choice(choice, kivy)?;
        let reason = in_place_of.map_or_else(String::new, |path| {
            format!(" instead of {}, which the Kivy configuration names", path.display())
        });
        log::info!("reading touches from {}{reason}", screen.description());
        self.failed = failed;
        for complaint in self.complaints.iter_mut().skip(failed) {
            complaint.reset();
        }
        Ok(Some(screen))
    }

    /// What the finger did on a screen of `size`, in the device's units and on the screen, and whether the
    /// touch screen was lost.
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
        let reason = format!("waiting for a touch screen: lost {}: {error}", screen.description());
        self.screen = None;
        self.grab.on(None);
        self.is_touched = false;
        self.filter.pass(Pointer::Lost);
        self.search.failed(Instant::now(), &reason);
        (pointers, true)
    }

    /// Grabs touches from now on, or releases them.
    pub(crate) fn keep_from_others(&mut self, is_kept: bool) {
        self.grab.want(is_kept, self.screen.as_ref());
    }

    /// The touch screen, if available.
    pub(crate) fn screen(&self) -> Option<&TouchScreen> {
        self.screen.as_ref()
    }

    /// Whether touches are available that its descriptors do not report.
    pub(crate) fn has_waiting(&self) -> bool {
        self.screen.as_ref().is_some_and(TouchScreen::has_waiting)
    }

    /// Descriptors that become readable with a touch and with a new device.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.screen.as_ref().map(AsFd::as_fd).into_iter().chain(self.watch.as_ref().map(AsFd::as_fd))
    }

    /// The next deadline.
    pub(crate) fn due(&self) -> Option<Instant> {
        let search = self.screen.is_none().then(|| self.search.due()).flatten();
        [search, self.press.due()].into_iter().flatten().min()
    }
}
