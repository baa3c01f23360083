// SPDX-License-Identifier: GPL-3.0-or-later
//! The display: the view, the screen if available, and its blanking.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use framebuffer::{Error, ErrorKind, Geometry, Rect, Rotation};
use lamp::state::LampState;

use crate::model::Notice;
use crate::screen::Screen;
use crate::search::Search;
use crate::view::View;
use crate::window::Window;

/// Where and how to show the lamp.
pub(crate) struct DisplayOptions {
    /// The framebuffer, and its geometry if it is a file.
    pub framebuffer: (PathBuf, Option<Geometry>),
    /// A window instead.
    pub window: Option<Rc<Window>>,
    /// The rotation of the frame on the screen.
    pub rotation: Rotation,
    /// The maximum number of frames a second.
    pub max_fps: Option<u32>,
    /// The idle time before the screen becomes black.
    pub blank_after: Option<Duration>,
}

/// The view and its screen.
pub(crate) struct Display {
    options: DisplayOptions,
    view: View,
    screen: Option<Screen>,
    search: Search,
    /// The time of the last frame, and the earliest time of a delayed one.
    drawn: Option<Instant>,
    draw_due: Option<Instant>,
    is_blank: bool,
    /// The time of the last use.
    active: Instant,
}

impl Display {
    /// Shows `view` as soon as a screen is available.
    pub(crate) fn new(options: DisplayOptions, view: View) -> Self {
        Self {
            options,
            view,
            screen: None,
            search: Search::default(),
            drawn: None,
            draw_due: None,
            is_blank: false,
            active: Instant::now(),
        }
    }

    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    pub(crate) fn view_mut(&mut self) -> &mut View {
        &mut self.view
    }

    /// The rotation of the frame on the screen.
    pub(crate) fn rotation(&self) -> Rotation {
        self.options.rotation
    }

    /// Whether another program uses the screen's display, so that the lamp is not visible. False without a
    /// screen.
    pub(crate) fn is_hidden(&self) -> bool {
        self.screen.as_ref().is_some_and(Screen::is_hidden)
    }

    /// Whether a screen is available.
    pub(crate) fn has_screen(&self) -> bool {
        self.screen.is_some()
    }

    /// Opens the screen if due. Returns whether it was found.
    pub(crate) fn find_screen(&mut self, now: Instant) -> bool {
        if self.screen.is_some() || !self.search.is_due(now) {
            return false;
        }
        match self.options.open() {
            Ok(screen) => {
                log::info!("showing the lamp on {}", screen.description());
                self.search.found();
                let size = self.options.rotation.size(screen.size());
                if size != self.view.size() {
                    self.view.resize(size);
                }
                self.view.draw();
                self.screen = Some(screen);
                self.store(&[self.view.whole()]);
            }
            Err(error) => self.search.failed(now, &format!("waiting for the framebuffer: {error}")),
        }
        self.screen.is_some()
    }

    /// Draws and stores changes. Without a screen nothing is drawn until there is one.
    pub(crate) fn draw(&mut self, now: Instant, shown: Result<&LampState, Notice>) {
        if self.screen.is_none() {
            return;
        }
        self.view.show(shown);
        let interval = self.options.max_fps.map_or(Duration::ZERO, |fps| Duration::from_secs(1) / fps);
        self.draw_due = self.drawn.map(|drawn| drawn + interval).filter(|due| *due > now);
        if self.draw_due.is_none() {
            let areas = self.view.draw();
            if !areas.is_empty() {
                self.drawn = Some(now);
                self.store(&areas);
            }
        }
    }

    fn store(&mut self, areas: &[Rect]) {
        let Some(screen) = &mut self.screen else { return };
        let color = |place| {
            let pixel = self.view.pixel(place);
            [pixel.r, pixel.g, pixel.b]
        };
        if let Err(error) = screen.store(areas, color) {
            self.screen = None;
            self.search.failed(Instant::now(), &format!("waiting for the framebuffer: {error}"));
        }
    }

    /// Makes the screen black, because a frame that does not react to touches would mislead.
    pub(crate) fn clear(mut self) -> anyhow::Result<()> {
        match self.screen.as_mut().map(Screen::clear) {
            Some(Err(error)) => Err(error).context("cannot clear the screen"),
            _ => Ok(()),
        }
    }

    /// Makes the screen black after the idle time, unless `is_held`. Returns whether it became black.
    pub(crate) fn blank(&mut self, now: Instant, is_held: bool) -> bool {
        let is_due = self.blank_due(is_held).is_some_and(|due| due <= now);
        if is_due {
            self.is_blank = true;
            self.view.blank(true);
        }
        is_due
    }

    fn blank_due(&self, is_held: bool) -> Option<Instant> {
        let is_idle = !self.is_blank && !is_held;
        self.options.blank_after.filter(|_| is_idle).map(|after| self.active + after)
    }

    /// Handles use of the lamp. Returns whether the screen was black.
    pub(crate) fn light_up(&mut self) -> bool {
        self.active = Instant::now();
        let was_blank = std::mem::take(&mut self.is_blank);
        if was_blank {
            self.view.blank(false);
        }
        was_blank
    }

    /// The next deadline.
    pub(crate) fn due(&self, now: Instant, is_held: bool) -> Option<Instant> {
        let search = self.screen.is_none().then(|| self.search.due()).flatten();
        let animation = self.screen.as_ref().and_then(|_| self.view.next_change()).map(|wait| now + wait);
        [search, animation, self.blank_due(is_held), self.draw_due].into_iter().flatten().min()
    }
}

impl DisplayOptions {
    /// Fails if another program shows the lamp on the framebuffer: both would draw, and disconnect each other
    /// from the broker. Other problems of a framebuffer may be temporary.
    pub(crate) fn refuse_used(&self) -> Result<(), Error> {
        match self.open() {
            Err(error) if self.window.is_none() && error.kind() == ErrorKind::InUse => Err(error),
            _ => Ok(()),
        }
    }

    fn open(&self) -> Result<Screen, Error> {
        let (path, geometry) = &self.framebuffer;
        match &self.window {
            Some(window) => Ok(Screen::of_window(Rc::clone(window), self.rotation)),
            None => Screen::open(path, *geometry, self.rotation),
        }
    }
}
