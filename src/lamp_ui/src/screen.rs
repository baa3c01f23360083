// SPDX-License-Identifier: GPL-3.0-or-later
//! The framebuffer or window that shows the canvas.

use std::path::Path;
use std::rc::Rc;

use framebuffer::{Access, Encoder, Error, Geometry, Rect, Rotation, Surface};

use crate::window::Window;

/// An open framebuffer or window.
pub(crate) struct Screen {
    sink: Sink,
    encoder: Encoder,
    rotation: Rotation,
    colors: Vec<[u8; 3]>,
    bytes: Vec<u8>,
}

enum Sink {
    Framebuffer(Box<Surface>),
    Window(Rc<Window>),
}

impl Screen {
    /// Opens the framebuffer at `path` and claims it; `file_geometry` is for a file used as a framebuffer,
    /// `rotation` is that of the canvas.
    pub(crate) fn open(
        path: &Path,
        file_geometry: Option<Geometry>,
        rotation: Rotation,
    ) -> Result<Self, Error> {
        let surface = Surface::open(path, Access::ReadWrite, file_geometry)?;
        surface.claim()?;
        let encoder = Encoder::new(surface.geometry().format());
        Ok(Self::of(Sink::Framebuffer(Box::new(surface)), encoder, rotation))
    }

    /// A window instead of a framebuffer.
    pub(crate) fn of_window(window: Rc<Window>, rotation: Rotation) -> Self {
        let encoder = Encoder::new(window.format());
        Self::of(Sink::Window(window), encoder, rotation)
    }

    fn of(sink: Sink, encoder: Encoder, rotation: Rotation) -> Self {
        Self { sink, encoder, rotation, colors: Vec::new(), bytes: Vec::new() }
    }

    /// Width and height in pixels.
    pub(crate) fn size(&self) -> (u32, u32) {
        match &self.sink {
            Sink::Framebuffer(surface) => {
                let geometry = surface.geometry();
                // A geometry has no side above framebuffer::MAX_SIDE.
                (geometry.width() as u32, geometry.height() as u32)
            }
            Sink::Window(window) => window.size(),
        }
    }

    /// Whether another program uses the display, so that the canvas is not visible.
    pub(crate) fn is_hidden(&self) -> bool {
        match &self.sink {
            Sink::Framebuffer(surface) => surface.is_hidden(),
            Sink::Window(_) => false,
        }
    }

    /// Path and geometry, for a log line.
    pub(crate) fn description(&self) -> String {
        match &self.sink {
            Sink::Framebuffer(surface) => format!("{}: {}", surface.path().display(), surface.geometry()),
            Sink::Window(_) => "a window".into(),
        }
    }

    /// Stores areas of the canvas, with pixels from `color`, and no other pixel. An error means that the
    /// framebuffer was lost or has another mode.
    pub(crate) fn store(
        &mut self,
        areas: &[Rect],
        color: impl Fn((usize, usize)) -> [u8; 3],
    ) -> anyhow::Result<()> {
        self.refresh()?;
        let (width, height) = self.rotation.size(self.size());
        let frame = (width as usize, height as usize);
        for area in areas {
            let seen = self.rotation.rect(*area, frame);
            for y in seen.y..seen.y + seen.height {
                self.colors.clear();
                let row = seen.x..seen.x + seen.width;
                self.colors.extend(row.map(|x| color(self.rotation.pixel((x, y), frame))));
                self.store_row(seen.x, y)?;
            }
        }
        self.show()
    }

    /// Makes the screen black.
    pub(crate) fn clear(&mut self) -> anyhow::Result<()> {
        self.refresh()?;
        let (width, height) = self.size();
        self.colors = vec![[0; 3]; width as usize];
        (0..height as usize).try_for_each(|y| self.store_row(0, y))?;
        self.show()
    }

    fn refresh(&mut self) -> anyhow::Result<()> {
        if let Sink::Framebuffer(surface) = &mut self.sink {
            surface.refresh()?;
        }
        Ok(())
    }

    fn store_row(&mut self, x: usize, y: usize) -> anyhow::Result<()> {
        let format = match &self.sink {
            Sink::Framebuffer(surface) => surface.geometry().format(),
            Sink::Window(window) => window.format(),
        };
        self.bytes.resize(self.colors.len() * format.bytes_per_pixel(), 0);
        self.encoder.encode(&self.colors, &mut self.bytes);
        match &mut self.sink {
            Sink::Framebuffer(surface) => Ok(surface.store(x, y, &self.bytes)?),
            Sink::Window(window) => window.store(x, y, &self.bytes),
        }
    }

    fn show(&self) -> anyhow::Result<()> {
        match &self.sink {
            Sink::Framebuffer(_) => Ok(()),
            Sink::Window(window) => window.show(),
        }
    }
}
