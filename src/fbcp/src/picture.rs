// SPDX-License-Identifier: GPL-3.0-or-later
//! What the source showed last, what the target must show for it, and which rows of the target differ from what is stored.
//!
//! Framebuffers are often uncached memory, slow to read; so the source is read once, and compared, converted and compared again
//! in ordinary memory. The target is not read at all.

use std::ops::Range;

use framebuffer::{Converter, Encoder, Geometry, Scaler};

use crate::fit::Viewport;

/// The state of a copy from one geometry to another.
pub struct Picture {
    source: Shadow,
    target: Shadow,
    viewport: Viewport,
    /// The viewport's bytes in a row of the target.
    span: Range<usize>,
    rendering: Rendering,
    /// One row of the target: always black beside the viewport.
    row: Vec<u8>,
}

/// Rows of visible pixels without padding, and which of them changed.
struct Shadow {
    bytes: Vec<u8>,
    row_bytes: usize,
    changed: Vec<bool>,
}

/// How rows of the viewport are made from rows of the source.
enum Rendering {
    /// Of the same size: row by row.
    Convert(Converter),
    /// Of another size; with a row of the viewport in eight bits per colour.
    Scale { scaler: Scaler, encoder: Encoder, rgb: Vec<[u8; 3]> },
}

impl Shadow {
    /// Nothing is known of the pixels yet: all rows count as changed.
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

    /// Takes the row as it is now, and notes whether that is a change.
    fn update(&mut self, y: usize, row: &[u8]) {
        let known = &mut self.bytes[y * self.row_bytes..][..self.row_bytes];
        if known != row {
            known.copy_from_slice(row);
            self.changed[y] = true;
        }
    }
}

impl Picture {
    /// A copy of which nothing is stored yet: the first picture stores every row.
    pub fn new(source: &Geometry, target: &Geometry) -> Self {
        let viewport = Viewport::contain(source, target);
        let same_size = (viewport.width, viewport.height) == (source.width(), source.height());
        let rendering = if same_size {
            Rendering::Convert(Converter::new(source.format(), target.format()))
        } else {
            Rendering::Scale {
                scaler: Scaler::new(source, viewport.width, viewport.height),
                encoder: Encoder::new(target.format()),
                rgb: vec![[0; 3]; viewport.width],
            }
        };
        let mut black = vec![0; target.row_bytes()];
        Encoder::new(target.format()).encode(&vec![[0; 3]; target.width()], &mut black);
        let pixel = target.format().bytes_per_pixel();
        let mut picture = Self {
            source: Shadow::new(source),
            target: Shadow::new(target),
            viewport,
            span: viewport.x * pixel..(viewport.x + viewport.width) * pixel,
            rendering,
            row: black,
        };
        for y in 0..target.height() {
            picture.target.update(y, &picture.row);
        }
        picture
    }

    /// Where in the target the picture is.
    pub const fn viewport(&self) -> Viewport {
        self.viewport
    }

    /// Takes what the source shows now: whole rows without padding, from row `first` on.
    pub fn take_source(&mut self, first: usize, rows: &[u8]) {
        for (y, row) in (first..).zip(rows.chunks_exact(self.source.row_bytes)) {
            self.source.update(y, row);
        }
    }

    /// Makes the target's rows anew for those rows of the source that changed since the last call.
    pub fn render(&mut self) {
        let Self { source, target, viewport, span, rendering, row } = self;
        if !source.changed.contains(&true) {
            return;
        }
        for y in 0..viewport.height {
            match rendering {
                Rendering::Convert(converter) => {
                    if !source.changed[y] {
                        continue;
                    }
                    converter.convert(source.row(y), &mut row[span.clone()]);
                }
                Rendering::Scale { scaler, encoder, rgb } => {
                    if !source.changed[scaler.covered_rows(y)].contains(&true) {
                        continue;
                    }
                    scaler.row(&source.bytes, y, rgb);
                    encoder.encode(rgb, &mut row[span.clone()]);
                }
            }
            target.update(viewport.y + y, row);
        }
        source.changed.fill(false);
    }

    /// Hands each row of the target that is not stored yet to `store`, with its number, from top to bottom.
    ///
    /// Returns the number of bytes stored. After an error, rows from the failed one on still count as not stored.
    pub fn store_changes<E>(
        &mut self,
        mut store: impl FnMut(usize, &[u8]) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut bytes = 0;
        for y in 0..self.target.changed.len() {
            if self.target.changed[y] {
                store(y, self.target.row(y))?;
                self.target.changed[y] = false;
                bytes += self.target.row_bytes;
            }
        }
        Ok(bytes)
    }

    /// Takes every row of the target for not stored, because it shows another part of its memory.
    pub fn forget_stored(&mut self) {
        self.target.changed.fill(true);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use framebuffer::{Decoder, PixelFormat};
    use proptest::prelude::*;

    use super::*;

    fn geometry(text: &str) -> Geometry {
        text.parse().expect(text)
    }

    /// Renders and stores into `screen`; returns the numbers of the rows that were stored.
    fn store(picture: &mut Picture, screen: &mut [u8]) -> Vec<usize> {
        let mut rows = Vec::new();
        picture.render();
        let bytes = picture.store_changes(|y, row| {
            screen[y * row.len()..][..row.len()].copy_from_slice(row);
            rows.push(y);
            Ok::<(), Infallible>(())
        });
        let row_bytes = picture.row.len();
        assert_eq!(bytes, Ok(rows.len() * row_bytes));
        rows
    }

    #[test]
    fn rows_are_stored_once_for_each_change() {
        let (source, target) = (geometry("4x3xxrgb8888"), geometry("4x3xbgr565"));
        let mut picture = Picture::new(&source, &target);
        let mut screen = vec![0xaa; target.visible_bytes()];
        let mut pixels = vec![0; source.visible_bytes()];
        picture.take_source(0, &pixels);
        assert_eq!(store(&mut picture, &mut screen), [0, 1, 2], "the first picture, though all black");
        assert_eq!(screen, vec![0; target.visible_bytes()]);
        picture.take_source(0, &pixels);
        assert_eq!(store(&mut picture, &mut screen), [], "still");

        pixels[16 + 2] = 0xff;
        picture.take_source(1, &pixels[16..]);
        assert_eq!(store(&mut picture, &mut screen), [1]);
        assert_eq!(screen[8..10], [0x1f, 0], "red, in the lowest five bits");

        pixels[16 + 3] = 0xff;
        pixels[16 + 1] = 1;
        picture.take_source(1, &pixels[16..]);
        assert_eq!(store(&mut picture, &mut screen), [], "a change that the target cannot show");

        picture.forget_stored();
        assert_eq!(store(&mut picture, &mut screen), [0, 1, 2]);
    }

    #[test]
    fn a_scaled_change_stores_the_rows_that_it_covers() {
        let (source, target) = (geometry("12x12x32"), geometry("8x6x16"));
        let mut picture = Picture::new(&source, &target);
        assert_eq!(picture.viewport(), Viewport { x: 1, y: 0, width: 6, height: 6 });
        let mut screen = vec![0xaa; target.visible_bytes()];
        let mut pixels = vec![0xff; source.visible_bytes()];
        picture.take_source(0, &pixels);
        assert_eq!(store(&mut picture, &mut screen), [0, 1, 2, 3, 4, 5]);
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
        picture.take_source(0, &pixels);
        assert_eq!(store(&mut picture, &mut screen), [2]);
    }

    #[test]
    fn what_could_not_be_stored_is_stored_later() {
        let shape = geometry("1x4x16");
        let mut picture = Picture::new(&shape, &shape);
        picture.render();
        let failed = picture.store_changes(|y, _| if y == 2 { Err("no") } else { Ok(()) });
        assert_eq!(failed, Err("no"));
        assert_eq!(store(&mut picture, &mut [0; 8]), [2, 3]);
    }

    fn any_geometry() -> impl Strategy<Value = Geometry> {
        let format = proptest::sample::select(vec![
            PixelFormat::RGB565,
            PixelFormat::BGR565,
            PixelFormat::RGB888,
            PixelFormat::BGR888,
            PixelFormat::XRGB8888,
            PixelFormat::XBGR8888,
        ]);
        (1..12_usize, 1..12_usize, format).prop_map(|(width, height, format)| {
            Geometry::new(width, height, width * format.bytes_per_pixel(), 0, format).expect("a geometry")
        })
    }

    /// The whole target for a source, with no memory of what was before.
    fn from_scratch(source: &Geometry, target: &Geometry, pixels: &[u8]) -> Vec<u8> {
        let mut rgb = vec![[0; 3]; source.width() * source.height()];
        Decoder::new(source.format()).decode(pixels, &mut rgb);
        let viewport = Viewport::contain(source, target);
        let tight =
            Geometry::new(source.width(), source.height(), source.width() * 3, 0, PixelFormat::BGR888);
        let mut scaler = Scaler::new(&tight.expect("a geometry"), viewport.width, viewport.height);
        let mut screen = vec![[0; 3]; target.width() * target.height()];
        for y in 0..viewport.height {
            let start = (viewport.y + y) * target.width() + viewport.x;
            scaler.row(rgb.as_flattened(), y, &mut screen[start..][..viewport.width]);
        }
        let mut bytes = vec![0; target.visible_bytes()];
        Encoder::new(target.format()).encode(&screen, &mut bytes);
        bytes
    }

    proptest! {
        #[test]
        fn after_any_damage_the_target_is_as_if_copied_whole(
            source in any_geometry(),
            target in any_geometry(),
            damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..60),
        ) {
            let mut picture = Picture::new(&source, &target);
            let mut screen = vec![0xaa; target.visible_bytes()];
            let mut pixels = vec![0; source.visible_bytes()];
            picture.take_source(0, &pixels);
            store(&mut picture, &mut screen);
            for few in damage.chunks(3) {
                for (place, value) in few {
                    pixels[place.index(source.visible_bytes())] = *value;
                }
                let before = screen.clone();
                picture.take_source(0, &pixels);
                let stored = store(&mut picture, &mut screen);
                prop_assert_eq!(&screen, &from_scratch(&source, &target, &pixels));
                let row_bytes = target.row_bytes();
                for (y, (old, new)) in before.chunks(row_bytes).zip(screen.chunks(row_bytes)).enumerate() {
                    prop_assert_eq!(stored.contains(&y), old != new, "row {}", y);
                }
            }
        }
    }
}
