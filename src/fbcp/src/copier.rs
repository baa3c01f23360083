// SPDX-License-Identifier: GPL-3.0-or-later
//! One look at the source, and the stores to the target that follow from it.

use framebuffer::{Error, Surface};

use crate::picture::{Manner, Picture};

/// Rows of the source are read this many bytes at a time: few enough to be compared while still in the processor's cache.
const STRIP_BYTES: usize = 32 * 1024;

/// A copy between two open framebuffers.
pub struct Copier {
    source: Surface,
    target: Surface,
    picture: Picture,
    strip: Vec<u8>,
    /// The target's driver can tell when it has sent a picture; supposed until it says no.
    vsync: bool,
}

impl Copier {
    /// A copy that has not begun: the first [`Self::copy`] stores the whole picture.
    pub fn new(source: Surface, target: Surface, manner: Manner) -> Result<Self, Error> {
        let picture = Picture::new(source.geometry(), target.geometry(), manner)?;
        let row_bytes = source.geometry().row_bytes();
        let strip = vec![0; (STRIP_BYTES / row_bytes).max(1) * row_bytes];
        Ok(Self { source, target, picture, strip, vsync: true })
    }

    /// The copy's two ends and what is done between, for a log line.
    pub fn description(&self) -> String {
        let (source, target) = (self.source.geometry(), self.target.geometry());
        let placement = self.picture.placement();
        let (crop, viewport) = (placement.crop, placement.viewport);
        let scaled = if (viewport.width, viewport.height) == (crop.width, crop.height) {
            String::new()
        } else {
            format!(", scaled to {}x{}", viewport.width, viewport.height)
        };
        format!(
            "copying {} ({source}) to {} ({target}){scaled}",
            self.source.path().display(),
            self.target.path().display()
        )
    }

    /// Brings the target up to date with the source. Returns the numbers of rows and bytes that were stored.
    pub fn copy(&mut self) -> Result<(usize, usize), Error> {
        self.source.refresh()?;
        let (row_bytes, height) = (self.source.geometry().row_bytes(), self.source.geometry().height());
        let strip_rows = self.strip.len() / row_bytes;
        for first in (0..height).step_by(strip_rows) {
            let rows = &mut self.strip[..strip_rows.min(height - first) * row_bytes];
            self.source.read_rows(first, rows)?;
            self.picture.take_source(first, rows);
        }
        self.store()
    }

    /// Whether the source is no longer what was opened.
    pub fn source_is_lost(&mut self) -> bool {
        self.source.refresh().is_err()
    }

    /// Makes the target black.
    pub fn blank(&mut self) -> Result<(), Error> {
        self.picture.blank();
        self.store().map(|_| ())
    }

    fn store(&mut self) -> Result<(usize, usize), Error> {
        let offset = self.target.geometry().offset();
        self.target.refresh()?;
        if self.target.geometry().offset() != offset {
            self.picture.forget_stored();
        }
        // All stores come after all the work, close together, so that a driver with deferred IO sends them as one update.
        if self.picture.has_changes() {
            self.vsync = self.vsync && self.target.wait_for_vsync();
        }
        let target = &mut self.target;
        self.picture.store_changes(|y, row| target.store(0, y, row))
    }
}
