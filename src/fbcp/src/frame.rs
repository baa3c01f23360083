// SPDX-License-Identifier: GPL-3.0-or-later
//! The last frame of the source, the frame that the target must show, and the rows that differ from the
//! stored frame.
//!
//! Framebuffers are often uncached memory, which is slow to read. So the source is read once, then compared,
//! converted and compared again in ordinary memory. The target is not read.

use std::ops::Range;

use framebuffer::{Converter, Decoder, Ditherer, Encoder, Error, Geometry, Rotation, Scaler};

use crate::fit::{Placement, place};
use programs::fbcp::Fit;

/// How the frame changes between source and target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RenderOptions {
    pub rotation: Rotation,
    pub fit: Fit,
    /// Whether colours that the target lacks become patterns of available colours.
    pub dither: bool,
}

/// The state of a copy between two geometries.
pub(crate) struct Frame {
    source: Source,
    target: Shadow,
    placement: Placement,
    /// The visible bytes of a source row, after rotation.
    columns: Range<usize>,
    /// The viewport's bytes in a target row.
    span: Range<usize>,
    rendering: Rendering,
    /// A target row: always black outside the viewport.
    row: Vec<u8>,
}

/// The source's frame after rotation.
struct Source {
    upright: Shadow,
    /// The rotation and the original frame, if it is rotated.
    turned: Option<(Rotation, Geometry, Shadow)>,
}

/// Rows of visible pixels without padding, and which of them changed.
struct Shadow {
    bytes: Vec<u8>,
    row_bytes: usize,
    changed: Vec<bool>,
}

/// How source rows become rows of the viewport.
enum Rendering {
    /// Same size: row by row.
    Convert(Converter),
    /// Through a viewport row of eight bits per colour.
    Rebuild { reader: Reader, writer: Writer, rgb: Vec<[u8; 3]> },
}

enum Reader {
    Decode(Decoder),
    Scale(Box<Scaler>),
}

enum Writer {
    Plain(Encoder),
    Dithered(Ditherer),
}

impl Shadow {
    /// The pixels are unknown: all rows count as changed.
    fn new(geometry: &Geometry) -> Self {
        Self {
            bytes: vec![0; geometry.visible_bytes()],
            row_bytes: geometry.row_bytes(),
            changed: vec![true; geometry.height()],
        }
    }

    fn row(&self, y: usize) -> &[u8] {
        &self.bytes[y * self.row_bytes..][..self.row_bytes]
    }

    /// Stores the row and marks a change. Returns the bytes from the first to the last changed byte.
    /// changed.
    fn update(&mut self, y: usize, row: &[u8]) -> Range<usize> {
        let known = &mut self.bytes[y * self.row_bytes..][..self.row_bytes];
        if known == row {
            return 0..0;
        }
        let differs = |(known, new): (&u8, &u8)| known != new;
        let first = known.iter().zip(row).position(differs).unwrap_or(0);
        let last = known.iter().zip(row).rposition(differs).unwrap_or(0);
        known.copy_from_slice(row);
        self.changed[y] = true;
        first..last + 1
    }
}

impl Source {
    fn new(geometry: &Geometry, rotation: Rotation) -> Result<(Self, Geometry), Error> {
        let upright = rotation.geometry(geometry)?;
        let turned = (rotation != Rotation::None).then(|| (rotation, *geometry, Shadow::new(geometry)));
        Ok((Self { upright: Shadow::new(&upright), turned }, upright))
    }

    fn update(&mut self, y: usize, row: &[u8]) {
        let Some((rotation, geometry, before)) = &mut self.turned else {
            self.upright.update(y, row);
            return;
        };
        let bytes = before.update(y, row);
        if !bytes.is_empty() {
            let pixel = geometry.format().bytes_per_pixel();
            let columns = bytes.start / pixel..bytes.end.div_ceil(pixel);
            let rows = rotation.place(geometry, y, row, columns, &mut self.upright.bytes);
            self.upright.changed[rows].fill(true);
        }
    }

    /// Bytes of a row as it is read.
    fn row_bytes(&self) -> usize {
        self.turned.as_ref().map_or(self.upright.row_bytes, |(_, _, before)| before.row_bytes)
    }
}

impl Rendering {
    fn new(source: &Geometry, target: &Geometry, placement: &Placement, dither: bool) -> Result<Self, Error> {
        let Placement { crop, viewport } = placement;
        let (from, to) = (source.format(), target.format());
        let same_size = (viewport.width, viewport.height) == (crop.width, crop.height);
        let dithered = dither && Ditherer::helps(from, to);
        if same_size && !dithered {
            return Ok(Self::Convert(Converter::new(from, to)));
        }
        let reader = if same_size {
            Reader::Decode(Decoder::new(from))
        } else {
            let offset = crop.y * source.row_bytes() + crop.x * from.bytes_per_pixel();
            let part = Geometry::new(crop.width, crop.height, source.row_bytes(), offset, from)?;
            Reader::Scale(Box::new(Scaler::new(&part, viewport.width, viewport.height)))
        };
        // Scaling creates colours that a source of the same format does not have.
        let writer = if dithered || (dither && !same_size) {
            Writer::Dithered(Ditherer::new(to))
        } else {
            Writer::Plain(Encoder::new(to))
        };
        Ok(Self::Rebuild { reader, writer, rgb: vec![[0; 3]; viewport.width] })
    }
}

impl Frame {
    /// Creates a copy without stored rows: the first frame stores every row.
    pub(crate) fn new(source: &Geometry, target: &Geometry, options: RenderOptions) -> Result<Self, Error> {
        let (source, upright) = Source::new(source, options.rotation)?;
        let placement = place(options.fit, &upright, target);
        let rendering = Rendering::new(&upright, target, &placement, options.dither)?;
        let mut row = vec![0; target.row_bytes()];
        Encoder::new(target.format()).encode(&vec![[0; 3]; target.width()], &mut row);
        let pixel = target.format().bytes_per_pixel();
        let Placement { crop, viewport } = placement;
        let source_pixel = upright.format().bytes_per_pixel();
        let mut frame = Self {
            source,
            target: Shadow::new(target),
            placement,
            columns: crop.x * source_pixel..(crop.x + crop.width) * source_pixel,
            span: viewport.x * pixel..(viewport.x + viewport.width) * pixel,
            rendering,
            row,
        };
        for y in 0..target.height() {
            frame.target.update(y, &frame.row);
        }
        Ok(frame)
    }

    /// The visible part of the source and its position in the target.
    pub(crate) const fn placement(&self) -> &Placement {
        &self.placement
    }

    /// Takes whole rows of the source without padding, starting at row `first`.
    pub(crate) fn take_source(&mut self, first: usize, rows: &[u8]) {
        for (y, row) in (first..).zip(rows.chunks_exact(self.source.row_bytes())) {
            self.source.update(y, row);
        }
    }

    /// Whether the source has changed since the last rendering.
    pub(crate) fn source_has_changes(&self) -> bool {
        self.source.upright.changed.contains(&true)
    }

    /// Renders the target's rows for the source rows that changed since the last call.
    fn render(&mut self) {
        let Self {
            source: Source { upright: source, .. },
            target,
            placement,
            columns,
            span,
            rendering,
            row,
            ..
        } = self;
        let Placement { crop, viewport } = *placement;
        if !source.changed.contains(&true) {
            return;
        }
        for y in 0..viewport.height {
            let row_part = |y: usize| &source.row(crop.y + y)[columns.clone()];
            match rendering {
                Rendering::Convert(converter) => {
                    if !source.changed[crop.y + y] {
                        continue;
                    }
                    converter.convert(row_part(y), &mut row[span.clone()]);
                }
                Rendering::Rebuild { reader, writer, rgb } => {
                    let depends_on = match reader {
                        Reader::Decode(_) => y..y + 1,
                        Reader::Scale(scaler) => scaler.covered_rows(y),
                    };
                    if !source.changed[crop.y + depends_on.start..crop.y + depends_on.end].contains(&true) {
                        continue;
                    }
                    match reader {
                        Reader::Decode(decoder) => decoder.decode(row_part(y), rgb),
                        Reader::Scale(scaler) => scaler.row(&source.bytes, y, rgb),
                    }
                    match writer {
                        Writer::Plain(encoder) => encoder.encode(rgb, &mut row[span.clone()]),
                        Writer::Dithered(ditherer) => ditherer.encode(y, rgb, &mut row[span.clone()]),
                    }
                }
            }
            target.update(viewport.y + y, row);
        }
        source.changed.fill(false);
    }

    /// Whether the target has rows to store.
    pub(crate) fn has_changes(&mut self) -> bool {
        self.render();
        self.target.changed.contains(&true)
    }

    /// Passes each unstored row of the target to `store`, with its number, from top to bottom.
    ///
    /// Returns the numbers of stored rows and bytes. After an error, the failed row and all rows after it
    /// remain unstored.
    pub(crate) fn store_changes<E>(
        &mut self,
        mut store: impl FnMut(usize, &[u8]) -> Result<(), E>,
    ) -> Result<(usize, usize), E> {
        self.render();
        let (mut rows, mut bytes) = (0, 0);
        for y in 0..self.target.changed.len() {
            if self.target.changed[y] {
                store(y, self.target.row(y))?;
                self.target.changed[y] = false;
                rows += 1;
                bytes += self.target.row_bytes;
            }
        }
        Ok((rows, bytes))
    }

    /// Marks every row of the target as unstored, because the target shows another part of its memory.
    pub(crate) fn forget_stored(&mut self) {
        self.target.changed.fill(true);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;
    use crate::reference::{self, FITS, FORMATS, ROTATIONS};
    use framebuffer::Rect;

    fn geometry(text: &str) -> Geometry {
        text.parse().expect(text)
    }

    fn copy(source: &Geometry, target: &Geometry) -> Frame {
        let options = RenderOptions { rotation: Rotation::None, fit: Fit::Contain, dither: false };
        Frame::new(source, target, options).expect("geometries")
    }

    /// Renders and stores into `screen`. Returns the numbers of the stored rows.
    fn store(frame: &mut Frame, screen: &mut [u8]) -> Vec<usize> {
        let mut rows = Vec::new();
        let bytes = frame.store_changes(|y, row| {
            screen[y * row.len()..][..row.len()].copy_from_slice(row);
            rows.push(y);
            Ok::<(), Infallible>(())
        });
        let row_bytes = frame.row.len();
        assert_eq!(bytes, Ok((rows.len(), rows.len() * row_bytes)));
        rows
    }

    #[test]
    fn stores_rows_once_for_each_change() {
        let (source, target) = (geometry("4x3xxrgb8888"), geometry("4x3xbgr565"));
        let mut frame = copy(&source, &target);
        let mut screen = vec![0xaa; target.visible_bytes()];
        let mut pixels = vec![0; source.visible_bytes()];
        frame.take_source(0, &pixels);
        assert_eq!(store(&mut frame, &mut screen), [0, 1, 2], "the first frame, although all black");
        assert_eq!(screen, vec![0; target.visible_bytes()]);
        frame.take_source(0, &pixels);
        assert_eq!(store(&mut frame, &mut screen), [0_usize; 0], "still");

        pixels[16 + 2] = 0xff;
        frame.take_source(1, &pixels[16..]);
        assert_eq!(store(&mut frame, &mut screen), [1]);
        assert_eq!(screen[8..10], [0x1f, 0], "red, in the lowest five bits");

        pixels[16 + 3] = 0xff;
        pixels[16 + 1] = 1;
        frame.take_source(1, &pixels[16..]);
        assert_eq!(store(&mut frame, &mut screen), [0_usize; 0], "a change that the target cannot show");

        frame.forget_stored();
        assert_eq!(store(&mut frame, &mut screen), [0, 1, 2]);
    }

    #[test]
    fn a_scaled_change_stores_the_rows_that_it_covers() {
        let (source, target) = (geometry("12x12x32"), geometry("8x6x16"));
        let mut frame = copy(&source, &target);
        assert_eq!(frame.placement().viewport, Rect { x: 1, y: 0, width: 6, height: 6 });
        let mut screen = vec![0xaa; target.visible_bytes()];
        let mut pixels = vec![0xff; source.visible_bytes()];
        frame.take_source(0, &pixels);
        assert_eq!(store(&mut frame, &mut screen), [0, 1, 2, 3, 4, 5]);
        assert_eq!(
            screen[..16],
            [[0, 0]; 1]
                .iter()
                .chain(&[[0xff; 2]; 6])
                .chain(&[[0, 0]; 1])
                .flatten()
                .copied()
                .collect::<Vec<u8>>()
        );

        pixels[48 * 5 + 4 * 7] = 0;
        frame.take_source(0, &pixels);
        assert_eq!(store(&mut frame, &mut screen), [2]);
    }

    #[test]
    fn stores_failed_rows_later() {
        let shape = geometry("1x4x16");
        let mut frame = copy(&shape, &shape);
        let failed = frame.store_changes(|y, _| if y == 2 { Err("no") } else { Ok(()) });
        assert_eq!(failed, Err("no"));
        assert_eq!(store(&mut frame, &mut [0; 8]), [2, 3]);
    }

    fn any_geometry() -> impl Strategy<Value = Geometry> {
        let format = proptest::sample::select(&FORMATS[..]);
        (1..12_usize, 1..12_usize, format).prop_map(|(width, height, format)| {
            Geometry::new(width, height, width * format.bytes_per_pixel(), 0, format).expect("a geometry")
        })
    }

    fn any_render_options() -> impl Strategy<Value = RenderOptions> {
        let rotation = proptest::sample::select(&ROTATIONS[..]);
        let fit = proptest::sample::select(&FITS[..]);
        (rotation, fit, any::<bool>()).prop_map(|(rotation, fit, dither)| RenderOptions {
            rotation,
            fit,
            dither,
        })
    }

    proptest! {
        #[test]
        fn after_any_change_the_target_equals_a_whole_copy(
            source in any_geometry(),
            target in any_geometry(),
            options in any_render_options(),
            damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..60),
        ) {
            let mut frame = Frame::new(&source, &target, options).expect("a picture");
            let mut screen = vec![0xaa; target.visible_bytes()];
            let mut pixels = vec![0; source.visible_bytes()];
            frame.take_source(0, &pixels);
            store(&mut frame, &mut screen);
            for few in damage.chunks(3) {
                for (place, value) in few {
                    pixels[place.index(source.visible_bytes())] = *value;
                }
                let before = screen.clone();
                frame.take_source(0, &pixels);
                let stored = store(&mut frame, &mut screen);

                let mut fresh = Frame::new(&source, &target, options).expect("a picture");
                let mut whole = vec![0x55; target.visible_bytes()];
                fresh.take_source(0, &pixels);
                store(&mut fresh, &mut whole);
                prop_assert_eq!(&screen, &whole);
                let row_bytes = target.row_bytes();
                for (y, (old, new)) in before.chunks(row_bytes).zip(screen.chunks(row_bytes)).enumerate() {
                    prop_assert_eq!(stored.contains(&y), old != new, "row {}", y);
                }
            }
            prop_assert_eq!(reference::difference(&source, &target, options, &pixels, &screen), None);
        }
    }
}
