// SPDX-License-Identifier: GPL-3.0-or-later
//! Converts rows of pixels between formats by tables: a look-up per colour instead of a division.

use crate::PixelFormat;

/// Splits pixels of one format into eight bits each of red, green and blue.
#[derive(Clone, Debug)]
pub struct Decoder {
    tables: Tables<u8>,
}

/// Makes pixels of one format from eight bits each of red, green and blue.
#[derive(Clone, Debug)]
pub struct Encoder {
    format: PixelFormat,
    /// By colour and its eight-bit value: the bits of that colour in the pixel.
    tables: Box<[[u32; 256]; 3]>,
}

/// Converts pixels from one format to another. The result equals decoding to eight bits and encoding again.
#[derive(Clone, Debug)]
pub struct Converter {
    to: PixelFormat,
    /// `None` if the formats are equal and the bytes are copied.
    tables: Option<Tables<u32>>,
}

/// For each colour of a source format: the result for every value of its field.
#[derive(Clone, Debug)]
struct Tables<T> {
    bytes_per_pixel: usize,
    colors: [Table<T>; 3],
}

#[derive(Clone, Debug)]
struct Table<T> {
    offset: u32,
    /// One entry for each value of the field, hence a power of two.
    entries: Vec<T>,
}

impl<T: Copy> Tables<T> {
    /// `entry` is given the colour (0 red, 1 green, 2 blue) and its value in eight bits.
    fn new(from: PixelFormat, entry: impl Fn(usize, u8) -> T) -> Self {
        let fields = from.colors();
        let colors = [0, 1, 2].map(|color| {
            let field = fields[color];
            let entries = (0..=field.max())
                .map(|value| entry(color, from.decode(value << field.offset)[color]))
                .collect();
            Table { offset: field.offset, entries }
        });
        Self { bytes_per_pixel: from.bytes_per_pixel(), colors }
    }

    #[inline]
    fn look_up(&self, pixel: u32) -> [T; 3] {
        // The mask is within the table's length, so the index is valid.
        self.colors
            .each_ref()
            .map(|Table { offset, entries }| entries[(pixel >> offset) as usize & (entries.len() - 1)])
    }
}

impl Decoder {
    /// Creates a decoder of pixels in `format`.
    #[must_use]
    pub fn new(format: PixelFormat) -> Self {
        Self { tables: Tables::new(format, |_, value| value) }
    }

    /// Decodes each pixel to red, green and blue.
    ///
    /// # Panics
    /// If `rgb` does not have one entry per pixel of the row.
    pub fn decode(&self, row: &[u8], rgb: &mut [[u8; 3]]) {
        match self.tables.bytes_per_pixel {
            2 => self.decode_pixels::<2>(row, rgb),
            3 => self.decode_pixels::<3>(row, rgb),
            _ => self.decode_pixels::<4>(row, rgb),
        }
    }

    fn decode_pixels<const BYTES: usize>(&self, row: &[u8], rgb: &mut [[u8; 3]]) {
        for (pixel, rgb) in pairs(row.as_chunks::<BYTES>(), (rgb, &mut [])) {
            *rgb = self.tables.look_up(load(*pixel));
        }
    }
}

impl Encoder {
    /// Creates an encoder to pixels in `format`.
    #[must_use]
    pub fn new(format: PixelFormat) -> Self {
        let mut tables = Box::new([[0; 256]; 3]);
        for (color, table) in tables.iter_mut().enumerate() {
            for (value, entry) in (0..=u8::MAX).zip(table) {
                let mut rgb = [0; 3];
                rgb[color] = value;
                *entry = format.encode(rgb);
            }
        }
        Self { format, tables }
    }

    /// Encodes red, green and blue to a pixel each.
    ///
    /// # Panics
    /// If `row` does not have one pixel per entry of `rgb`.
    pub fn encode(&self, rgb: &[[u8; 3]], row: &mut [u8]) {
        match self.format.bytes_per_pixel() {
            2 => self.encode_pixels::<2>(rgb, row),
            3 => self.encode_pixels::<3>(rgb, row),
            _ => self.encode_pixels::<4>(rgb, row),
        }
    }

    fn encode_pixels<const BYTES: usize>(&self, rgb: &[[u8; 3]], row: &mut [u8]) {
        let [red, green, blue] = &*self.tables;
        for ([r, g, b], pixel) in pairs((rgb, &[]), row.as_chunks_mut::<BYTES>()) {
            *pixel = store(red[usize::from(*r)] | green[usize::from(*g)] | blue[usize::from(*b)]);
        }
    }
}

impl Converter {
    /// Creates a converter from pixels in format `from` to pixels in format `to`.
    #[must_use]
    pub fn new(from: PixelFormat, to: PixelFormat) -> Self {
        // Unused bits of the source mean nothing. In the target they would look like a change.
        let verbatim = from == to && from.is_full();
        let tables = (!verbatim).then(|| {
            Tables::new(from, |color, value| {
                let mut rgb = [0; 3];
                rgb[color] = value;
                to.encode(rgb)
            })
        });
        Self { to, tables }
    }

    /// Converts the pixels of a row.
    ///
    /// # Panics
    /// If the rows do not have the same number of pixels.
    pub fn convert(&self, from: &[u8], to: &mut [u8]) {
        let Some(tables) = &self.tables else { return to.copy_from_slice(from) };
        match (tables.bytes_per_pixel, self.to.bytes_per_pixel()) {
            (2, 2) => convert_pixels::<2, 2>(tables, from, to),
            (2, 3) => convert_pixels::<2, 3>(tables, from, to),
            (2, _) => convert_pixels::<2, 4>(tables, from, to),
            (3, 2) => convert_pixels::<3, 2>(tables, from, to),
            (3, 3) => convert_pixels::<3, 3>(tables, from, to),
            (3, _) => convert_pixels::<3, 4>(tables, from, to),
            (_, 2) => convert_pixels::<4, 2>(tables, from, to),
            (_, 3) => convert_pixels::<4, 3>(tables, from, to),
            _ => convert_pixels::<4, 4>(tables, from, to),
        }
    }
}

fn convert_pixels<const FROM: usize, const TO: usize>(tables: &Tables<u32>, from: &[u8], to: &mut [u8]) {
    for (from, to) in pairs(from.as_chunks::<FROM>(), to.as_chunks_mut::<TO>()) {
        let [red, green, blue] = tables.look_up(load(*from));
        *to = store(red | green | blue);
    }
}

/// Pairs the pixels of two rows, which must be whole and of the same length.
fn pairs<'a, A, B>(
    (a, rest_a): (&'a [A], &[u8]),
    (b, rest_b): (&'a mut [B], &mut [u8]),
) -> impl Iterator<Item = (&'a A, &'a mut B)> {
    assert_eq!((a.len(), rest_a.len()), (b.len(), rest_b.len()), "rows of different length");
    a.iter().zip(b)
}

#[inline]
fn load<const BYTES: usize>(pixel: [u8; BYTES]) -> u32 {
    let mut bytes = [0; 4];
    bytes[..BYTES].copy_from_slice(&pixel);
    u32::from_le_bytes(bytes)
}

#[inline]
fn store<const BYTES: usize>(pixel: u32) -> [u8; BYTES] {
    std::array::from_fn(|byte| pixel.to_le_bytes()[byte])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bitfield;
    use proptest::prelude::*;

    /// One pixel and one bit at a time, in floating point: slow and simple.
    mod reference {
        use super::*;

        fn pixel(bytes: &[u8]) -> u64 {
            bytes.iter().rev().fold(0, |value, byte| value * 256 + u64::from(*byte))
        }

        pub(super) fn decode(format: PixelFormat, bytes: &[u8]) -> [u8; 3] {
            format.colors().map(|Bitfield { offset, length }| {
                let bits = (0..length).filter(|bit| pixel(bytes) & (1 << (offset + bit)) != 0);
                let value: f64 = bits.map(|bit| f64::from(1 << bit)).sum();
                (value / f64::from((1 << length) - 1) * 255.0).round() as u8
            })
        }

        pub(super) fn encode(format: PixelFormat, rgb: [u8; 3]) -> Vec<u8> {
            let mut pixel = u64::from(format.opaque());
            for (Bitfield { offset, length }, value) in format.colors().into_iter().zip(rgb) {
                let value = (f64::from(value) / 255.0 * f64::from((1 << length) - 1)).round() as u64;
                pixel += value << offset;
            }
            pixel.to_le_bytes()[..format.bytes_per_pixel()].to_vec()
        }
    }

    const NAMED: [PixelFormat; 6] = [
        PixelFormat::RGB565,
        PixelFormat::BGR565,
        PixelFormat::RGB888,
        PixelFormat::BGR888,
        PixelFormat::XRGB8888,
        PixelFormat::XBGR8888,
    ];

    /// A named format or any other valid one: fields in any order, with gaps, with or without alpha.
    fn any_format() -> impl Strategy<Value = PixelFormat> {
        let fields = (prop_oneof![Just(16), Just(24), Just(32)], [1..=10_u32, 1..=10, 1..=10, 0..=8])
            .prop_flat_map(|(bits, lengths)| {
                let order = Just([0, 1, 2, 3]).prop_shuffle();
                (Just(bits), Just(lengths), order, [0..=3_u32, 0..=3, 0..=3, 0..=3])
            })
            .prop_filter_map("fields fit", |(bits, lengths, order, gaps)| {
                let mut fields = [Bitfield::default(); 4];
                let mut offset = 0;
                for field in order {
                    offset += gaps[field];
                    fields[field] = Bitfield { offset, length: lengths[field] };
                    offset += lengths[field];
                }
                let [red, green, blue, alpha] = fields;
                PixelFormat::new(bits, [red, green, blue], alpha).ok()
            });
        prop_oneof![proptest::sample::select(&NAMED[..]), fields]
    }

    proptest! {
        #[test]
        fn converts_rows_like_the_reference(
            from in any_format(),
            to in any_format(),
            noise in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let (row, _) = noise.as_chunks::<4>();
            let row = &row.as_flattened()[..row.len() * from.bytes_per_pixel()];
            let expected_rgb: Vec<[u8; 3]> =
                row.chunks(from.bytes_per_pixel()).map(|pixel| reference::decode(from, pixel)).collect();
            let expected: Vec<u8> =
                expected_rgb.iter().flat_map(|rgb| reference::encode(to, *rgb)).collect();

            let mut rgb = vec![[0; 3]; expected_rgb.len()];
            Decoder::new(from).decode(row, &mut rgb);
            prop_assert_eq!(&rgb, &expected_rgb);

            let mut encoded = vec![0xaa; expected.len()];
            Encoder::new(to).encode(&rgb, &mut encoded);
            prop_assert_eq!(&encoded, &expected);

            let mut converted = vec![0xaa; expected.len()];
            Converter::new(from, to).convert(row, &mut converted);
            prop_assert_eq!(&converted, &expected);
        }

        #[test]
        fn a_round_trip_changes_no_colour(format in any_format(), rgb: [u8; 3]) {
            let once = format.decode(format.encode(rgb));
            prop_assert_eq!(format.decode(format.encode(once)), once);
        }
    }

    #[test]
    #[should_panic(expected = "rows of different length")]
    fn panics_on_a_row_that_is_too_short() {
        Converter::new(PixelFormat::RGB565, PixelFormat::XRGB8888).convert(&[0; 4], &mut [0; 4]);
    }
}
