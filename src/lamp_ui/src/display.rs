// SPDX-License-Identifier: GPL-3.0-or-later
//! What is seen: the view, the screen that it is stored to when there is one, and when that is dark.

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

/// Where to show the lamp, and how.
pub(crate) struct DisplayOptions {
    /// The framebuffer, and its geometry if it is a file.
    pub framebuffer: (PathBuf, Option<Geometry>),
    /// In its place.
    pub window: Option<Rc<Window>>,
    /// How the frame lies on it.
    pub rotation: Rotation,
    /// Most frames in a second.
    pub max_fps: Option<u32>,
    /// Idle time after which the screen goes black.
    pub blank_after: Option<Duration>,
}

/// The view and its screen.
pub(crate) struct Display {
    options: DisplayOptions,
    view: View,
    screen: Option<Screen>,
    search: Search,
    /// When the last frame was drawn, and when the next may be, if it had to wait.
    drawn: Option<Instant>,
    draw_due: Option<Instant>,
    is_blank: bool,
    /// When somebody used the lamp last.
    active: Instant,
}

impl Display {
    /// Shows `view`, as soon as there is a screen.
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

    /// How the frame lies on the screen.
    pub(crate) fn rotation(&self) -> Rotation {
        self.options.rotation
    }

    /// Whether another program holds the display of the screen, so that the lamp is not seen. False without a screen.
    pub(crate) fn is_hidden(&self) -> bool {
        self.screen.as_ref().is_some_and(Screen::is_hidden)
    }

    /// Whether there is a screen.
    pub(crate) fn has_screen(&self) -> bool {
        self.screen.is_some()
    }

    /// Looks for the screen, if there is none and it is time. Says whether it was found.
    pub(crate) fn find_screen(&mut self, now: Instant) -> bool {
        if self.screen.is_some() || !self.search.is_due(now) {
            return false;
        }
        match self.options.open() {
            Ok(screen) => {
                log::info!("shows the lamp on {}", screen.description());
                self.search.found();
                let size = self.options.rotation.size(screen.size());
                if size != self.view.size() {
                    self.view.resize(size);
                }
                self.view.draw();
                self.screen = Some(screen);
                self.store(&[self.view.whole()]);
            }
            Err(error) => self.search.failed(now, &format!("waits for the framebuffer: {error}")),
        }
        self.screen.is_some()
    }

    /// Draws and stores what changed. Without a screen nothing is drawn: it all will be when there is one.
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
            self.search.failed(Instant::now(), &format!("waits for the framebuffer: {error}"));
        }
    }

    /// Makes the screen dark, because a frame that answers no touch would be a lie.
    pub(crate) fn clear(mut self) -> anyhow::Result<()> {
        match self.screen.as_mut().map(Screen::clear) {
            Some(Err(error)) => Err(error).context("cannot clear the screen"),
            _ => Ok(()),
        }
    }

    /// Makes the screen black if nobody has used the lamp for long. `is_held` keeps it lit. Says whether it became black.
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

    /// Somebody uses the lamp. Says whether the screen was black.
    pub(crate) fn light_up(&mut self) -> bool {
        self.active = Instant::now();
        let was_blank = std::mem::take(&mut self.is_blank);
        if was_blank {
            self.view.blank(false);
        }
        was_blank
    }

    /// When it has something to do next.
    pub(crate) fn due(&self, now: Instant, is_held: bool) -> Option<Instant> {
        let search = self.screen.is_none().then(|| self.search.due()).flatten();
        let animation = self.screen.as_ref().and_then(|_| self.view.next_change()).map(|wait| now + wait);
        [search, animation, self.blank_due(is_held), self.draw_due].into_iter().flatten().min()
    }
}

impl DisplayOptions {
    /// Fails if another program shows the lamp on the framebuffer: it would be drawn over, and would take the broker from this
    /// one and lose it again by turns. All else that may be wrong with a framebuffer can pass.
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
