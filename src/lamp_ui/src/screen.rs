// SPDX-License-Identifier: GPL-3.0-or-later
//! The framebuffer that shows the canvas.

use std::path::Path;

use framebuffer::{Access, Encoder, Error, Geometry, Surface};

use crate::face::{Area, Face};
use crate::turn::Turn;

/// An open framebuffer with what it takes to store rows of the canvas.
pub struct Screen {
    surface: Surface,
    encoder: Encoder,
    turn: Turn,
    colors: Vec<[u8; 3]>,
    bytes: Vec<u8>,
}

impl Screen {
    /// Opens the framebuffer at `path`; `file_geometry` tells the shape of a plain file that stands in for one,
    /// `turn` how the canvas lies on it.
    pub fn open(path: &Path, file_geometry: Option<Geometry>, turn: Turn) -> Result<Self, Error> {
        let surface = Surface::open(path, Access::ReadWrite, file_geometry)?;
        let encoder = Encoder::new(surface.geometry().format());
        Ok(Self { surface, encoder, turn, colors: Vec::new(), bytes: Vec::new() })
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        let geometry = self.surface.geometry();
        // A geometry has no side above framebuffer::MAX_SIDE.
        (geometry.width() as u32, geometry.height() as u32)
    }

    /// Path and shape, for a log line.
    pub fn description(&self) -> String {
        format!("{}: {}", self.surface.path().display(), self.surface.geometry())
    }

    /// Stores areas of the canvas and touches no other pixel. An error means that the framebuffer is gone or has
    /// another shape.
    pub fn store(&mut self, face: &Face, areas: &[Area]) -> Result<(), Error> {
        self.surface.refresh()?;
        let (width, height) = self.turn.size(self.size());
        let picture = (width as usize, height as usize);
        for area in areas {
            let seen = self.turn.area(*area, picture);
            for y in seen.y..seen.y + seen.height {
                self.colors.clear();
                self.colors.extend((seen.x..seen.x + seen.width).map(|x| {
                    let pixel = face.pixel(self.turn.pixel((x, y), picture));
                    [pixel.r, pixel.g, pixel.b]
                }));
                self.store_row(seen.x, y)?;
            }
        }
        Ok(())
    }

    /// Makes the screen black.
    pub fn clear(&mut self) -> Result<(), Error> {
        self.surface.refresh()?;
        let (width, height) = self.size();
        self.colors = vec![[0; 3]; width as usize];
        (0..height as usize).try_for_each(|y| self.store_row(0, y))
    }

    fn store_row(&mut self, x: usize, y: usize) -> Result<(), Error> {
        let bytes_per_pixel = self.surface.geometry().format().bytes_per_pixel();
        self.bytes.resize(self.colors.len() * bytes_per_pixel, 0);
        self.encoder.encode(&self.colors, &mut self.bytes);
        self.surface.store(x, y, &self.bytes)
    }
}
