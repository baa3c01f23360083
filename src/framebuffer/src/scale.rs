// SPDX-License-Identifier: GPL-3.0-or-later
//! Scaling by area: each pixel of the result is the mean of the part of the source that it covers.
//!
//! Thin strokes of text become paler when a frame shrinks, but none disappears, as it would if single pixels
//! were picked. All sums are integers, so the result is exact and equal parts of a frame give equal pixels.

use std::ops::{AddAssign, Mul, Range};

use crate::{Decoder, Geometry, MAX_SIDE};

/// One side of the frame: `from` pixels in the source and `to` in the result, both divided by their greatest
/// common divisor.
///
/// On a common ruler, a pixel of the source is `to` marks long and a pixel of the result `from` marks.
#[derive(Clone, Copy, Debug)]
struct Axis {
    from: usize,
    to: usize,
}

impl Axis {
    fn new(from: usize, to: usize) -> Self {
        let common = greatest_common_divisor(from, to);
        Self { from: from / common, to: to / common }
    }

    /// The pixels of the source that pixel `result` covers at least in part.
    fn covered(self, result: usize) -> Range<usize> {
        result * self.from / self.to..((result + 1) * self.from).div_ceil(self.to)
    }

    /// The marks of pixel `source` that pixel `result` covers. They add up to `from` over all covered pixels.
    fn marks(self, result: usize, source: usize) -> u32 {
        let start = (result * self.from).max(source * self.to);
        let end = ((result + 1) * self.from).min((source + 1) * self.to);
        (end - start) as u32
    }
}

fn greatest_common_divisor(one: usize, other: usize) -> usize {
    if other == 0 { one } else { greatest_common_divisor(other, one % other) }
}

/// Scales frames of one size and format to another size.
#[derive(Debug)]
pub struct Scaler {
    channels: Channels,
    columns: Axis,
    rows: Axis,
    source: Geometry,
    width: usize,
    /// A decoded row of the source, if its pixels are not bytes of colours.
    decoded: Vec<[u8; 3]>,
    sums: Sums,
    mean: Mean,
}

/// The positions of a pixel's colours.
#[derive(Debug)]
enum Channels {
    /// Each in a byte of a pixel of three or four bytes.
    Bytes { pixel: usize, places: [usize; 3] },
    /// Found by a decoder.
    Bits(Decoder),
}

/// Sums of the source's rows, weighted by their marks. The smaller type lets a processor add more values at
/// once.
#[derive(Debug)]
enum Sums {
    Short(Vec<u16>),
    Long(Vec<u32>),
}

/// The largest sum is that of a white frame of the largest size, plus half the divisor for rounding.
const _: () = assert!(255 * MAX_SIDE * MAX_SIDE + MAX_SIDE * MAX_SIDE / 2 <= u32::MAX as usize);

impl Scaler {
    /// Creates a scaler from frames in `source` to `width` times `height` pixels.
    #[must_use]
    pub fn new(source: &Geometry, width: usize, height: usize) -> Self {
        let columns = Axis::new(source.width(), width);
        let rows = Axis::new(source.height(), height);
        let format = source.format();
        let (pixel, fields) = (format.bytes_per_pixel(), format.colors());
        let channels = if fields.iter().all(|field| field.length == 8 && field.offset.is_multiple_of(8)) {
            Channels::Bytes { pixel, places: fields.map(|field| field.offset as usize / 8) }
        } else {
            Channels::Bits(Decoder::new(format))
        };
        let (decoded, length) = match channels {
            Channels::Bytes { .. } => (Vec::new(), source.row_bytes()),
            Channels::Bits(_) => (vec![[0; 3]; source.width()], source.width() * 3),
        };
        let sums = if u16::try_from(rows.from * 255).is_ok() {
            Sums::Short(vec![0; length])
        } else {
            Sums::Long(vec![0; length])
        };
        let mean = Mean::of(columns.from * rows.from);
        Self { channels, columns, rows, source: *source, width, decoded, sums, mean }
    }

    /// The rows of the source that row `y` of the result depends on.
    #[must_use]
    pub fn covered_rows(&self, y: usize) -> Range<usize> {
        self.rows.covered(y)
    }

    /// Computes row `y` of the result. `frame` is the memory that the source's geometry describes.
    ///
    /// # Panics
    /// If `result` does not have the width of the result.
    pub fn row(&mut self, frame: &[u8], y: usize, result: &mut [[u8; 3]]) {
        assert_eq!(result.len(), self.width, "rows of different length");
        // Rows are added first: adjacent values with one weight are what processors add fastest.
        for (number, source) in self.rows.covered(y).enumerate() {
            let row = &frame[self.source.row_start(source)..][..self.source.row_bytes()];
            let bytes = match &self.channels {
                Channels::Bytes { .. } => row,
                Channels::Bits(decoder) => {
                    decoder.decode(row, &mut self.decoded);
                    self.decoded.as_flattened()
                }
            };
            let weight = self.rows.marks(y, source);
            match &mut self.sums {
                // No weight exceeds the sum of all weights, which fits.
                Sums::Short(sums) => add(sums, bytes, weight as u16, number == 0),
                Sums::Long(sums) => add(sums, bytes, weight, number == 0),
            }
        }
        let (pixel, places) = match self.channels {
            Channels::Bytes { pixel, places } => (pixel, places),
            Channels::Bits(_) => (3, [0, 1, 2]),
        };
        match (&self.sums, pixel) {
            (Sums::Short(sums), 4) => self.means::<_, 4>(sums, places, result),
            (Sums::Short(sums), _) => self.means::<_, 3>(sums, places, result),
            (Sums::Long(sums), 4) => self.means::<_, 4>(sums, places, result),
            (Sums::Long(sums), _) => self.means::<_, 3>(sums, places, result),
        }
    }

    /// Computes the means of sums with `BYTES` values per pixel of the source.
    fn means<T: Copy + Into<u32>, const BYTES: usize>(
        &self,
        sums: &[T],
        places: [usize; 3],
        result: &mut [[u8; 3]],
    ) {
        let (sums, _) = sums.as_chunks::<BYTES>();
        let Axis { from, to } = self.columns;
        // The start of the result's pixel, in marks into this pixel of the source.
        let (mut source, mut into) = (0, 0);
        for result in result {
            let mut total = [0_u32; BYTES];
            let mut left = from;
            while left > 0 {
                let marks = left.min(to - into);
                for (total, sum) in total.iter_mut().zip(sums[source]) {
                    *total += marks as u32 * sum.into();
                }
                left -= marks;
                into += marks;
                if into == to {
                    (source, into) = (source + 1, 0);
                }
            }
            *result = places.map(|place| self.mean.of_sum(total[place]));
        }
    }
}

/// Adds a row times its weight, or starts with it.
fn add<T>(sums: &mut [T], bytes: &[u8], weight: T, is_first: bool)
where
    T: Copy + From<u8> + Mul<Output = T> + AddAssign,
{
    let pairs = sums.iter_mut().zip(bytes);
    if is_first {
        pairs.for_each(|(sum, byte)| *sum = T::from(*byte) * weight);
    } else {
        pairs.for_each(|(sum, byte)| *sum += T::from(*byte) * weight);
    }
}

/// Division of sums by the number of their marks, rounded to the nearest. It multiplies by the inverse
/// because division is slow.
#[derive(Debug)]
struct Mean {
    half: u64,
    inverse: u64,
}

impl Mean {
    /// Binary places of the inverse. The inverse is too large by at most one unit, so a quotient is too large
    /// by at most `sum / 2^PLACES`. A quotient that is not an integer is at least `1 / marks` below the next
    /// integer. As `sum * marks` is below 2^PLACES, the integer part is right. The product fits 64 bits.
    const PLACES: u32 = 56;

    fn of(marks: usize) -> Self {
        let marks = marks as u64;
        Self { half: marks / 2, inverse: (1 << Self::PLACES) / marks + 1 }
    }

    /// The mean of `sum`, which is at most 255 times the marks.
    fn of_sum(&self, sum: u32) -> u8 {
        (((u64::from(sum) + self.half) * self.inverse) >> Self::PLACES) as u8
    }
}

/// Checks the inverse for the largest sum with the most marks, and the size of the product.
const _: () = {
    let marks = (MAX_SIDE * MAX_SIDE) as u128;
    let sum = 255 * marks + marks / 2;
    assert!(sum * marks < 1 << Mean::PLACES);
    // The largest sum * inverse grows with the marks only by the error of the inverse.
    assert!((511 << (Mean::PLACES - 1)) + sum <= u64::MAX as u128);
};

#[cfg(test)]
mod tests {
    use crate::PixelFormat;
    use proptest::prelude::*;

    use super::*;

    /// Splits both frames into marks and averages all marks of a pixel: slow and simple.
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

    /// The frame in a format, with arbitrary unused bits, and its colours in that format.
    fn drawn(rgb: &[[u8; 3]], format: PixelFormat) -> (Vec<u8>, Vec<[u8; 3]>) {
        let pixel = format.bytes_per_pixel();
        let unused = format.colors().iter().fold(u32::MAX, |unused, field| unused & !field.mask());
        let bytes = rgb.iter().enumerate().flat_map(|(place, color)| {
            let noise = (place as u32).wrapping_mul(2_654_435_761) & unused;
            (format.encode(*color) | noise).to_le_bytes()[..pixel].to_vec()
        });
        let (bytes, mut seen) = (bytes.collect::<Vec<u8>>(), vec![[0; 3]; rgb.len()]);
        Decoder::new(format).decode(&bytes, &mut seen);
        (bytes, seen)
    }

    fn scale(bytes: &[u8], format: PixelFormat, from: (usize, usize), to: (usize, usize)) -> Vec<[u8; 3]> {
        let stride = from.0 * format.bytes_per_pixel();
        let source = Geometry::new(from.0, from.1, stride, 0, format).expect("a geometry");
        let mut scaler = Scaler::new(&source, to.0, to.1);
        let mut result = vec![[0; 3]; to.0 * to.1];
        for (y, row) in result.chunks_mut(to.0).enumerate() {
            scaler.row(bytes, y, row);
        }
        result
    }

    fn any_format() -> impl Strategy<Value = PixelFormat> {
        proptest::sample::select(vec![
            PixelFormat::RGB565,
            PixelFormat::RGB888,
            PixelFormat::BGR888,
            PixelFormat::XRGB8888,
            PixelFormat::XBGR8888,
        ])
    }

    fn any_frame() -> impl Strategy<Value = ((usize, usize), Vec<[u8; 3]>)> {
        (1..20_usize, 1..20_usize).prop_flat_map(|(width, height)| {
            (Just((width, height)), proptest::collection::vec(any::<[u8; 3]>(), width * height))
        })
    }

    proptest! {
        #[test]
        fn every_pixel_is_the_mean_of_its_area(
            (from, rgb) in any_frame(),
            to in (1..20_usize, 1..20_usize),
            format in any_format(),
        ) {
            let (bytes, seen) = drawn(&rgb, format);
            prop_assert_eq!(scale(&bytes, format, from, to), reference(&seen, from, to));
        }

        #[test]
        fn the_same_size_is_the_same_frame((size, rgb) in any_frame(), format in any_format()) {
            let (bytes, seen) = drawn(&rgb, format);
            prop_assert_eq!(scale(&bytes, format, size, size), seen);
        }

        #[test]
        fn means_are_rounded_to_the_nearest(
            marks in 1..=MAX_SIDE * MAX_SIDE, mean in 0..=255_u64, off in -3..=3_i64
        ) {
            // Sums around the middle between two means, where an inexact division would fail.
            let between = (2 * mean + 1) * marks as u64 / 2;
            let sum = between.saturating_add_signed(off).min(255 * marks as u64);
            let nearest = (sum + marks as u64 / 2) / marks as u64;
            prop_assert_eq!(u64::from(Mean::of(marks).of_sum(sum as u32)), nearest);
        }
    }

    #[test]
    fn sums_that_need_more_bits_are_exact() {
        let (from, to) = ((2, 307), (1, 3));
        let noise: Vec<[u8; 3]> = (0..614_u32).map(|place| [place as u8, 255, (place * 7) as u8]).collect();
        for format in [PixelFormat::RGB565, PixelFormat::BGR888, PixelFormat::XRGB8888] {
            let (bytes, seen) = drawn(&noise, format);
            assert_eq!(scale(&bytes, format, from, to), reference(&seen, from, to));
        }
    }

    #[test]
    fn the_largest_white_frame_stays_white() {
        let side = MAX_SIDE;
        let format = PixelFormat::BGR888;
        let white = vec![255; side * side * 3];
        assert_eq!(scale(&white, format, (side, side), (1, 1)), [[255; 3]]);
        assert_eq!(scale(&white, format, (side, side), (3, 2)), [[255; 3]; 6]);
    }
}
