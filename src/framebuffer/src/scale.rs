// SPDX-License-Identifier: GPL-3.0-or-later
//! Scaling by area: each pixel of the result is the mean of the part of the source that it covers.
//!
//! Thin strokes of text grow paler when a picture shrinks, but none is skipped, as happens when single pixels are picked.
//! All sums are of whole numbers, so that the result is exact and equal parts of a picture give equal pixels.

use std::ops::Range;

use crate::{Decoder, Geometry, MAX_SIDE};

/// One side of the picture, `from` pixels long in the source and `to` in the result.
///
/// Both are laid on a common ruler of `from * to` marks, on which a pixel of the source is `to` marks long and one of the result
/// `from` marks.
#[derive(Clone, Copy, Debug)]
struct Axis {
    from: usize,
    to: usize,
}

impl Axis {
    /// The pixels of the source that pixel `result` covers, if only in part.
    fn covered(self, result: usize) -> Range<usize> {
        result * self.from / self.to..((result + 1) * self.from).div_ceil(self.to)
    }

    /// How many marks of pixel `source` are covered by pixel `result`. Over all it covers, they add up to `from`.
    fn marks(self, result: usize, source: usize) -> u32 {
        let start = (result * self.from).max(source * self.to);
        let end = ((result + 1) * self.from).min((source + 1) * self.to);
        (end - start) as u32
    }
}

/// Scales pictures of one size and format to another size.
pub struct Scaler {
    decoder: Decoder,
    columns: Axis,
    rows: Axis,
    source: Geometry,
    /// By pixel of the result: the columns it covers, and the marks of each.
    weights: Vec<(Range<usize>, Vec<u32>)>,
    /// A row of the source.
    decoded: Vec<[u8; 3]>,
    /// Rows of the source, each times its marks, added up.
    sums: Vec<[u32; 3]>,
}

/// The largest sum is that of a white picture of the largest size, and half the divisor is added to it for rounding.
const _: () = assert!(255 * MAX_SIDE * MAX_SIDE + MAX_SIDE * MAX_SIDE / 2 <= u32::MAX as usize);

impl Scaler {
    /// A scaler of pictures in `source` to `width` times `height` pixels.
    #[must_use]
    pub fn new(source: &Geometry, width: usize, height: usize) -> Self {
        let columns = Axis { from: source.width(), to: width };
        let weights = (0..width)
            .map(|x| {
                let covered = columns.covered(x);
                (covered.clone(), covered.map(|source| columns.marks(x, source)).collect())
            })
            .collect();
        Self {
            decoder: Decoder::new(source.format()),
            columns,
            rows: Axis { from: source.height(), to: height },
            source: *source,
            weights,
            decoded: vec![[0; 3]; source.width()],
            sums: vec![[0; 3]; source.width()],
        }
    }

    /// The rows of the source that row `y` of the result depends on.
    #[must_use]
    pub fn covered_rows(&self, y: usize) -> Range<usize> {
        self.rows.covered(y)
    }

    /// Row `y` of the result. `picture` is the memory that the source's geometry is about.
    pub fn row(&mut self, picture: &[u8], y: usize, result: &mut [[u8; 3]]) {
        // Rows are added up first: neighbours in memory, all with one weight, is what processors add several of at a time.
        self.sums.fill([0; 3]);
        for source in self.rows.covered(y) {
            let row = &picture[self.source.row_start(source)..][..self.source.row_bytes()];
            self.decoder.decode(row, &mut self.decoded);
            let weight = self.rows.marks(y, source);
            let decoded = self.decoded.as_flattened();
            for (sum, value) in self.sums.as_flattened_mut().iter_mut().zip(decoded) {
                *sum += weight * u32::from(*value);
            }
        }
        let area = (self.columns.from * self.rows.from) as u32;
        for ((covered, weights), result) in self.weights.iter().zip(result) {
            let mut total = [area / 2; 3];
            for (sum, weight) in self.sums[covered.clone()].iter().zip(weights) {
                for (total, sum) in total.iter_mut().zip(sum) {
                    *total += weight * sum;
                }
            }
            *result = total.map(|total| (total / area) as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::PixelFormat;
    use proptest::prelude::*;

    use super::*;

    /// Lays both pictures on the ruler mark by mark and takes the mean of all marks of a pixel: slow, and plain to see right.
    fn reference(rgb: &[[u8; 3]], from: (usize, usize), to: (usize, usize)) -> Vec<[u8; 3]> {
        let mut result = Vec::new();
        for (y, x) in (0..to.1).flat_map(|y| (0..to.0).map(move |x| (y, x))) {
            result.push([0, 1, 2].map(|color| {
                let mut total = 0_u64;
                for mark_y in y * from.1..(y + 1) * from.1 {
                    for mark_x in x * from.0..(x + 1) * from.0 {
                        total += u64::from(rgb[mark_y / to.1 * from.0 + mark_x / to.0][color]);
                    }
                }
                let marks = (from.0 * from.1) as u64;
                ((2 * total + marks) / (2 * marks)) as u8
            }));
        }
        result
    }

    fn scale(rgb: &[[u8; 3]], from: (usize, usize), to: (usize, usize)) -> Vec<[u8; 3]> {
        let format = PixelFormat::BGR888;
        let source = Geometry::new(from.0, from.1, from.0 * 3, 0, format).expect("a geometry");
        let mut scaler = Scaler::new(&source, to.0, to.1);
        let mut result = vec![[0; 3]; to.0 * to.1];
        for (y, row) in result.chunks_mut(to.0).enumerate() {
            scaler.row(rgb.as_flattened(), y, row);
        }
        result
    }

    fn any_picture() -> impl Strategy<Value = ((usize, usize), Vec<[u8; 3]>)> {
        (1..20_usize, 1..20_usize).prop_flat_map(|(width, height)| {
            (Just((width, height)), proptest::collection::vec(any::<[u8; 3]>(), width * height))
        })
    }

    proptest! {
        #[test]
        fn every_pixel_is_the_mean_of_its_area((from, rgb) in any_picture(), to in (1..20_usize, 1..20_usize)) {
            prop_assert_eq!(scale(&rgb, from, to), reference(&rgb, from, to));
        }

        #[test]
        fn the_same_size_is_the_same_picture((size, rgb) in any_picture()) {
            prop_assert_eq!(scale(&rgb, size, size), rgb);
        }
    }

    #[test]
    fn the_largest_white_picture_stays_white() {
        let side = MAX_SIDE;
        let white = vec![[255; 3]; side * side];
        assert_eq!(scale(&white, (side, side), (1, 1)), [[255; 3]]);
        assert_eq!(scale(&white, (side, side), (3, 2)), [[255; 3]; 6]);
    }
}
