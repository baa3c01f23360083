// SPDX-License-Identifier: GPL-3.0-or-later
//! Polls the source and stores the changes to the target.

use framebuffer::{Error, Surface};

use crate::frame::{Frame, RenderOptions};

/// Bytes of the source that are read at once: few enough to stay in the processor's cache for the comparison.
const STRIP_BYTES: usize = 32 * 1024;

/// A sampled poll reads one row in four. Most drawn objects are higher, so the first sampled poll detects
/// them at a quarter of the cost.
const SAMPLES: usize = 4;

/// A copy between two open framebuffers.
pub(crate) struct Copier {
    source: Surface,
    target: Surface,
    frame: Frame,
    strip: Vec<u8>,
    /// The first row of the last sampled poll.
    sample: usize,
    /// Whether the target's driver supports `FBIO_WAITFORVSYNC`; true until it fails.
    vsync: bool,
}

impl Copier {
    /// Creates a copy. The first [`Self::poll_all`] stores the whole frame.
    pub(crate) fn new(source: Surface, target: Surface, options: RenderOptions) -> Result<Self, Error> {
        let frame = Frame::new(source.geometry(), target.geometry(), options)?;
        let row_bytes = source.geometry().row_bytes();
        let strip = vec![0; (STRIP_BYTES / row_bytes).max(1) * row_bytes];
        Ok(Self { source, target, frame, strip, sample: 0, vsync: true })
    }

    /// The source, the target and the scaling, for a log line.
    pub(crate) fn description(&self) -> String {
        let (source, target) = (self.source.geometry(), self.target.geometry());
        let placement = self.frame.placement();
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

    /// Updates the target. Returns the numbers of stored rows and bytes.
    pub(crate) fn poll_all(&mut self) -> Result<(usize, usize), Error> {
        self.source.refresh()?;
        let (row_bytes, height) = (self.source.geometry().row_bytes(), self.source.geometry().height());
        let strip_rows = self.strip.len() / row_bytes;
        for first in (0..height).step_by(strip_rows) {
            let rows = &mut self.strip[..strip_rows.min(height - first) * row_bytes];
            self.source.read_rows(first, rows)?;
            self.frame.take_source(first, rows);
        }
        self.store()
    }

    /// Updates the target while the screen is still: reads one row in four, different ones each time, and the
    /// others only after a change. It detects a change of four rows at once, and a change of one row after at
    /// most four polls.
    pub(crate) fn poll_sample(&mut self) -> Result<(usize, usize), Error> {
        self.source.refresh()?;
        self.sample = (self.sample + 1) % SAMPLES;
        let row = &mut self.strip[..self.source.geometry().row_bytes()];
        for y in (self.sample..self.source.geometry().height()).step_by(SAMPLES) {
            self.source.read_rows(y, row)?;
            self.frame.take_source(y, row);
        }
        if self.frame.source_has_changes() { self.poll_all() } else { self.store() }
    }

    /// Whether the source was lost.
    pub(crate) fn source_is_lost(&mut self) -> bool {
        self.source.refresh().is_err()
    }

    fn store(&mut self) -> Result<(usize, usize), Error> {
        let offset = self.target.geometry().offset();
        self.target.refresh()?;
        if self.target.geometry().offset() != offset {
            self.frame.forget_stored();
        }
        // All stores happen together at the end, so that a driver with deferred IO sends them as one update.
        if self.frame.has_changes() {
            self.vsync = self.vsync && self.target.wait_for_vsync();
        }
        let target = &mut self.target;
        self.frame.store_changes(|y, row| target.store(0, y, row))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::FileExt;
    use std::path::Path;

    use framebuffer::{Access, Geometry, PixelFormat, Rotation};

    use super::*;
    use crate::reference::{self, FITS, FORMATS, ROTATIONS};
    use programs::fbcp::Fit;

    /// The value of bytes outside the visible pixels.
    const UNTOUCHED: u8 = 0xaa;

    fn file(directory: &Path, name: &str, length: usize) -> File {
        let path = directory.join(name);
        std::fs::write(&path, vec![UNTOUCHED; length]).expect("written");
        File::options().read(true).write(true).open(path).expect("open")
    }

    fn all_of(file: &File) -> Vec<u8> {
        let mut bytes = vec![0; file.metadata().expect("a length").len() as usize];
        file.read_exact_at(&mut bytes, 0).expect("read");
        bytes
    }

    /// Copies noise, changes a part of it, copies that, and compares the target's file with the reference.
    fn try_copy(source: Geometry, target: Geometry, options: RenderOptions) {
        let directory = tempfile::tempdir().expect("a directory");
        let [drawn, shown] = [("source", source), ("target", target)]
            .map(|(name, shape)| file(directory.path(), name, shape.memory_bytes() + 5));
        let open = |name, access, shape| {
            Surface::open(&directory.path().join(name), access, Some(shape)).expect("a surface")
        };
        let surfaces = (open("source", Access::Read, source), open("target", Access::ReadWrite, target));
        let mut copier = Copier::new(surfaces.0, surfaces.1, options).expect("a copier");

        let mut random = fastrand::Rng::with_seed(1);
        let mut pixels = vec![0; source.visible_bytes()];
        let rows = |shape: &Geometry, y: usize| shape.offset() + y * shape.stride();
        for changed in [0..source.height(), source.height() / 3..source.height() / 3 + 1] {
            for y in changed {
                let row = &mut pixels[y * source.row_bytes()..][..source.row_bytes()];
                row.fill_with(|| random.u8(..));
                drawn.write_all_at(row, rows(&source, y) as u64).expect("drawn");
            }
            copier.poll_all().expect("copied");
            let mut bytes = all_of(&shown);
            let mut screen = Vec::new();
            for y in 0..target.height() {
                let row = &mut bytes[rows(&target, y)..][..target.row_bytes()];
                screen.extend_from_slice(row);
                row.fill(UNTOUCHED);
            }
            assert_eq!(reference::difference(&source, &target, options, &pixels, &screen), None);
            assert!(
                bytes.iter().all(|byte| *byte == UNTOUCHED),
                "{source} on {target}: other bytes were written"
            );
        }
    }

    fn shape(
        (width, height): (usize, usize),
        format: PixelFormat,
        padding: usize,
        offset: usize,
    ) -> Geometry {
        let stride = width * format.bytes_per_pixel() + padding;
        Geometry::new(width, height, stride, offset, format).expect("a geometry")
    }

    fn all_options() -> impl Iterator<Item = RenderOptions> {
        let placements = ROTATIONS.into_iter().flat_map(|rotation| FITS.map(|fit| (rotation, fit)));
        placements
            .flat_map(|(rotation, fit)| [false, true].map(|dither| RenderOptions { rotation, fit, dither }))
    }

    #[test]
    fn copies_every_pair_of_formats_with_any_render_options() {
        // Shrunk, enlarged, both or neither, with arbitrary strides and offsets.
        let sizes =
            [((7, 5), (4, 3)), ((3, 4), (8, 9)), ((9, 2), (5, 7)), ((5, 6), (5, 6)), ((6, 5), (5, 6))];
        let mut sizes = sizes.into_iter().cycle();
        for (from, to) in FORMATS.into_iter().flat_map(|from| FORMATS.map(|to| (from, to))) {
            for (step, options) in all_options().enumerate() {
                let (source, target) = sizes.next().expect("without end");
                try_copy(
                    shape(source, from, step % 4, step % 5),
                    shape(target, to, step % 3, step % 7),
                    options,
                );
            }
        }
    }

    #[test]
    fn copies_the_smallest_and_largest_sizes_with_any_render_options() {
        let sizes = [
            ((1, 1), (1, 1)),
            ((1, 1), (24, 32)),
            ((4096, 1), (24, 32)),
            ((1, 4096), (32, 24)),
            ((4096, 3), (1, 1)),
            ((3, 2), (4096, 1)),
            ((2, 3), (1, 4096)),
        ];
        for ((source, target), options) in
            sizes.into_iter().flat_map(|sizes| all_options().map(move |options| (sizes, options)))
        {
            try_copy(
                shape(source, PixelFormat::XRGB8888, 1, 3),
                shape(target, PixelFormat::BGR565, 3, 1),
                options,
            );
        }
        let options = |rotation, fit| RenderOptions { rotation, fit, dither: true };
        for (source, target, options) in [
            ((1280, 80), (32, 24), options(Rotation::None, Fit::Contain)),
            ((4096, 60), (24, 32), options(Rotation::Clockwise90, Fit::Cover)),
            ((17, 13), (4096, 30), options(Rotation::Clockwise270, Fit::Stretch)),
        ] {
            try_copy(
                shape(source, PixelFormat::RGB565, 1, 3),
                shape(target, PixelFormat::RGB888, 3, 1),
                options,
            );
        }
    }

    #[test]
    fn sampled_polls_detect_all_changes_and_store_whole_frames() {
        let directory = tempfile::tempdir().expect("a directory");
        let [source, target] = ["source", "target"].map(|name| directory.path().join(name));
        let geometry = "2x11x16".parse().expect("a geometry");
        let files = [&source, &target].map(|path| {
            let file = File::create_new(path).expect("a file");
            file.set_len(2 * 11 * 2).expect("longer");
            file
        });
        let open = |path, access| Surface::open(path, access, Some(geometry)).expect("a surface");
        let options = RenderOptions { rotation: Rotation::None, fit: Fit::Contain, dither: false };
        let mut copier = Copier::new(open(&source, Access::Read), open(&target, Access::ReadWrite), options)
            .expect("a copier");
        copier.poll_all().expect("copied");
        assert_eq!(copier.poll_sample().expect("polled"), (0, 0), "still");

        for row in 0..11 {
            files[0].write_all_at(&[row + 1], u64::from(row) * 4).expect("drawn");
            let polls = (1..=SAMPLES).find(|_| copier.poll_sample().expect("polled") == (1, 4));
            assert!(polls.is_some(), "row {row} is never polled");
        }
        for row in 0..11_u8 - 3 {
            files[0].write_all_at(&[0x40 + row; 4 * 4], u64::from(row) * 4).expect("drawn");
            assert_eq!(copier.poll_sample().expect("polled"), (4, 16), "at once, from row {row}");
            let [drawn, shown] = [&files[0], &files[1]].map(|file| {
                let mut bytes = [0; 44];
                file.read_exact_at(&mut bytes, 0).expect("read");
                bytes
            });
            assert_eq!(drawn, shown);
        }
    }
}
