// SPDX-License-Identifier: GPL-3.0-or-later
//! Ordered dithering: shows a colour between two available colours as a fine pattern of both.
//!
//! The pattern depends only on a pixel's position, so unchanged parts of a frame keep the same bytes. Error
//! diffusion would change them.

use crate::PixelFormat;

/// Bayer's matrix of order 4: each threshold is as far as possible from those next to it.
pub const BAYER: [[u32; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];

/// Encodes eight bits each of red, green and blue to dithered pixels of one format.
#[derive(Clone, Debug)]
pub struct Ditherer {
    format: PixelFormat,
    /// By threshold, colour and its eight-bit value: the bits of that colour in the pixel.
    tables: Vec<[[u32; 256]; 3]>,
}

impl Ditherer {
    /// Creates a ditherer to pixels in `format`.
    #[must_use]
    pub fn new(format: PixelFormat) -> Self {
        let fields = format.colors();
        let table = |threshold: u32| {
            std::array::from_fn(|color| {
                let (field, max) = (fields[color], fields[color].max());
                std::array::from_fn(|value| {
                    let value = value as u32;
                    let level = if max < 255 {
                        // value * max / 255 + (threshold + 1/2) / 16, rounded down: full and dark do not
                        // change.
                        (value * max * 32 + 255 * (2 * threshold + 1)) / (255 * 32)
                    } else {
                        (value * max + 127) / 255
                    };
                    level << field.offset
                })
            })
        };
        Self { format, tables: (0..16).map(table).collect() }
    }

    /// Whether `to` has fewer colours than `from`, so that dithering helps.
    #[must_use]
    pub fn helps(from: PixelFormat, to: PixelFormat) -> bool {
        from.colors().iter().zip(to.colors()).any(|(from, to)| from.length > to.length && to.length < 8)
    }

    /// Encodes red, green and blue to the pixels of row `y`.
    ///
    /// # Panics
    /// If `row` does not have one pixel per entry of `rgb`.
    pub fn encode(&self, y: usize, rgb: &[[u8; 3]], row: &mut [u8]) {
        let bytes = self.format.bytes_per_pixel();
        assert_eq!(row.len(), rgb.len() * bytes, "rows of different length");
        let thresholds = BAYER[y % 4];
        for (x, ([r, g, b], pixel)) in rgb.iter().zip(row.chunks_exact_mut(bytes)).enumerate() {
            let [red, green, blue] = &self.tables[thresholds[x % 4] as usize];
            let bits =
                self.format.opaque() | red[usize::from(*r)] | green[usize::from(*g)] | blue[usize::from(*b)];
            pixel.copy_from_slice(&bits.to_le_bytes()[..bytes]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decoder;

    #[test]
    fn leaves_available_colours_unchanged() {
        let rows = [[0; 3], [255; 3], [255, 0, 255], [0, 255, 0]];
        for format in [PixelFormat::RGB565, PixelFormat::XRGB8888] {
            for y in 0..4 {
                let (mut dithered, mut plain) = (vec![0; 4 * format.bytes_per_pixel()], Vec::new());
                Ditherer::new(format).encode(y, &rows, &mut dithered);
                for rgb in rows {
                    plain.extend_from_slice(&format.encode(rgb).to_le_bytes()[..format.bytes_per_pixel()]);
                }
                assert_eq!(dithered, plain);
            }
        }
        assert!(Ditherer::helps(PixelFormat::XRGB8888, PixelFormat::RGB565));
        assert!(!Ditherer::helps(PixelFormat::BGR565, PixelFormat::RGB565));
        assert!(!Ditherer::helps(PixelFormat::RGB565, PixelFormat::XRGB8888));
    }

    #[test]
    fn a_patch_has_its_colour_on_average() {
        for format in [PixelFormat::RGB565, PixelFormat::BGR565] {
            let ditherer = Ditherer::new(format);
            for value in 0..=255_u8 {
                let mut sum = [0_u32; 3];
                for y in 0..4 {
                    let (mut row, mut seen) = ([0; 8], [[0; 3]; 4]);
                    ditherer.encode(y, &[[value, value, 255 - value]; 4], &mut row);
                    Decoder::new(format).decode(&row, &mut seen);
                    for rgb in seen {
                        for (sum, color) in sum.iter_mut().zip(rgb) {
                            *sum += u32::from(color);
                        }
                    }
                }
                for (sum, wanted) in sum.into_iter().zip([value, value, 255 - value]) {
                    let mean = f64::from(sum) / 16.0;
                    assert!((mean - f64::from(wanted)).abs() < 1.0, "{value}: {mean} for {wanted}");
                }
            }
        }
    }
}
