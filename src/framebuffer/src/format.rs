// SPDX-License-Identifier: GPL-3.0-or-later
//! The positions of the three colours in a pixel, and the conversion of eight-bit colours to fewer or more
//! bits.

use crate::Error;

/// Adjacent bits of a pixel, as in `struct fb_bitfield` of `<linux/fb.h>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bitfield {
    /// The lowest bit, counted from the pixel's least significant bit.
    pub offset: u32,
    /// The number of bits; 0 if the pixel has no such field.
    pub length: u32,
}

impl Bitfield {
    /// The largest value of the field.
    #[must_use]
    pub const fn max(self) -> u32 {
        (1 << self.length) - 1
    }

    pub(crate) const fn mask(self) -> u32 {
        self.max() << self.offset
    }
}

/// A pixel of 16, 24 or 32 bits, stored with its least significant byte first.
///
/// Format names list the fields from the most significant bit down, as in `<drm/drm_fourcc.h>`: an `XRGB8888`
/// pixel has blue in its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelFormat {
    bits_per_pixel: u32,
    /// Red, green, blue.
    colors: [Bitfield; 3],
    alpha: Bitfield,
}

/// The widest supported colour field in bits: ten, as in `XRGB2101010`, the widest of the kernel's fbdev
/// emulation.
const MAX_COLOR_BITS: u32 = 10;

impl PixelFormat {
    /// 16 bits: five of red at the top, six of green, five of blue. The usual format of small panels.
    pub const RGB565: Self = Self::of(16, [(11, 5), (5, 6), (0, 5)]);
    /// 16 bits: as [`Self::RGB565`] with red and blue exchanged.
    pub const BGR565: Self = Self::of(16, [(0, 5), (5, 6), (11, 5)]);
    /// 24 bits: bytes blue, green, red.
    pub const RGB888: Self = Self::of(24, [(16, 8), (8, 8), (0, 8)]);
    /// 24 bits: bytes red, green, blue.
    pub const BGR888: Self = Self::of(24, [(0, 8), (8, 8), (16, 8)]);
    /// 32 bits: bytes blue, green, red, unused. The usual format of a desktop framebuffer.
    pub const XRGB8888: Self = Self::of(32, [(16, 8), (8, 8), (0, 8)]);
    /// 32 bits: bytes red, green, blue, unused.
    pub const XBGR8888: Self = Self::of(32, [(0, 8), (8, 8), (16, 8)]);

    const fn of(bits_per_pixel: u32, [red, green, blue]: [(u32, u32); 3]) -> Self {
        const fn field((offset, length): (u32, u32)) -> Bitfield {
            Bitfield { offset, length }
        }
        Self {
            bits_per_pixel,
            colors: [field(red), field(green), field(blue)],
            alpha: Bitfield { offset: 0, length: 0 },
        }
    }

    /// Creates a format from a driver's description: colours in the order red, green, blue; `alpha` has
    /// length 0 if there is none.
    pub fn new(bits_per_pixel: u32, colors: [Bitfield; 3], alpha: Bitfield) -> Result<Self, Error> {
        if !matches!(bits_per_pixel, 16 | 24 | 32) {
            return Err(Error::unusable(format!(
                "{bits_per_pixel} bits per pixel are not supported; set a mode of 16, 24 or 32"
            )));
        }
        let mut taken = 0;
        let mut claim = |name: &str, field: Bitfield, lengths: std::ops::RangeInclusive<u32>| {
            let Bitfield { offset, length } = field;
            if !lengths.contains(&length) {
                return Err(Error::unusable(format!(
                    "{length} bits of {name} in a pixel are not supported; set a mode with {} to {}",
                    lengths.start(),
                    lengths.end(),
                )));
            }
            if offset.saturating_add(length) > bits_per_pixel || taken & field.mask() != 0 {
                return Err(Error::unusable(format!(
                    "{length} bits of {name} from bit {offset} overlap another color or \
                     exceed a pixel of {bits_per_pixel} bits"
                )));
            }
            taken |= field.mask();
            Ok(())
        };
        for (name, color) in ["red", "green", "blue"].into_iter().zip(colors) {
            claim(name, color, 1..=MAX_COLOR_BITS)?;
        }
        // Without alpha, drivers leave arbitrary offsets.
        let alpha = if alpha.length == 0 { Bitfield::default() } else { alpha };
        claim("alpha", alpha, 0..=MAX_COLOR_BITS)?;
        Ok(Self { bits_per_pixel, colors, alpha })
    }

    /// 16, 24 or 32.
    #[must_use]
    pub const fn bits_per_pixel(&self) -> u32 {
        self.bits_per_pixel
    }

    /// 2, 3 or 4.
    #[must_use]
    pub const fn bytes_per_pixel(&self) -> usize {
        self.bits_per_pixel as usize / 8
    }

    /// The fields of red, green and blue.
    #[must_use]
    pub const fn colors(&self) -> [Bitfield; 3] {
        self.colors
    }

    /// The bits of the alpha field. They are set in every encoded pixel because a framebuffer's pixels are
    /// opaque.
    #[must_use]
    pub const fn opaque(&self) -> u32 {
        self.alpha.mask()
    }

    /// Whether every bit of a pixel belongs to a colour, so that equal frames have equal bytes.
    #[must_use]
    pub(crate) const fn is_full(&self) -> bool {
        let [red, green, blue] = self.colors;
        red.length + green.length + blue.length == self.bits_per_pixel
    }

    /// Encodes eight bits each of red, green and blue to the nearest pixel. Unused bits are 0.
    #[must_use]
    pub fn encode(&self, rgb: [u8; 3]) -> u32 {
        self.colors.into_iter().zip(rgb).fold(self.opaque(), |pixel, (field, value)| {
            pixel | (nearest(value.into(), 255, field.max()) << field.offset)
        })
    }

    /// Decodes a pixel to the nearest eight bits each of red, green and blue.
    #[must_use]
    pub fn decode(&self, pixel: u32) -> [u8; 3] {
        self.colors.map(|field| nearest((pixel >> field.offset) & field.max(), field.max(), 255) as u8)
    }
}

/// Scales `value` from the range 0 to `from` to the nearest value in 0 to `to`.
///
/// There are no ties: both maxima are powers of two minus one, hence odd.
const fn nearest(value: u32, from: u32, to: u32) -> u32 {
    (value * to + from / 2) / from
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(offset: u32, length: u32) -> Bitfield {
        Bitfield { offset, length }
    }

    #[test]
    fn places_colours_as_the_name_states() {
        for (format, red, green, blue) in [
            (PixelFormat::RGB565, 0xf800, 0x07e0, 0x001f),
            (PixelFormat::BGR565, 0x001f, 0x07e0, 0xf800),
            (PixelFormat::RGB888, 0x00ff_0000, 0x0000_ff00, 0x0000_00ff),
            (PixelFormat::BGR888, 0x0000_00ff, 0x0000_ff00, 0x00ff_0000),
            (PixelFormat::XRGB8888, 0x00ff_0000, 0x0000_ff00, 0x0000_00ff),
            (PixelFormat::XBGR8888, 0x0000_00ff, 0x0000_ff00, 0x00ff_0000),
        ] {
            let encoded = [[255, 0, 0], [0, 255, 0], [0, 0, 255]].map(|rgb| format.encode(rgb));
            assert_eq!(encoded, [red, green, blue], "{format:?}");
            assert_eq!(format.decode(red | green | blue), [255; 3], "{format:?}");
            assert_eq!(format.encode([0; 3]), 0, "{format:?}");
        }
    }

    #[test]
    fn converts_to_the_nearest_value() {
        for length in 1..=MAX_COLOR_BITS {
            let max = field(0, length).max();
            let distance = |eight: u32, few: u32| (eight * max).abs_diff(few * 255);
            for eight in 0..=255 {
                let chosen = nearest(eight, 255, max);
                assert!((0..=max).all(|few| distance(eight, chosen) <= distance(eight, few)));
            }
            for few in 0..=max {
                let chosen = nearest(few, max, 255);
                assert!((0..=255).all(|eight| distance(chosen, few) <= distance(eight, few)));
                if length <= 8 {
                    assert_eq!(nearest(chosen, 255, max), few, "a round trip changes nothing");
                }
            }
        }
    }

    #[test]
    fn alpha_is_opaque_when_encoded_and_ignored_when_decoded() {
        let argb = PixelFormat::new(32, PixelFormat::XRGB8888.colors(), field(24, 8)).expect("a format");
        assert_eq!(argb.encode([1, 2, 3]), 0xff01_0203);
        assert_eq!(argb.decode(0x0001_0203), [1, 2, 3]);
    }

    #[test]
    fn rejects_impossible_fields_by_name() {
        let no_alpha = Bitfield::default();
        let error =
            |bits, colors, alpha| PixelFormat::new(bits, colors, alpha).expect_err("an error").to_string();
        let rgb = PixelFormat::RGB565.colors();
        assert!(error(8, rgb, no_alpha).contains("8 bits per pixel"));
        assert!(error(16, [field(11, 0), rgb[1], rgb[2]], no_alpha).contains("0 bits of red"));
        assert!(error(16, [rgb[0], field(5, 7), rgb[2]], no_alpha).contains("7 bits of green from bit 5"));
        assert!(error(16, [rgb[0], rgb[1], field(0, 11)], no_alpha).contains("11 bits of blue"));
        assert!(error(16, [field(12, 5), rgb[1], rgb[2]], no_alpha).contains("5 bits of red from bit 12"));
        assert!(error(16, [field(u32::MAX, 5), rgb[1], rgb[2]], no_alpha).contains("from bit 4294967295"));
        assert!(error(16, rgb, field(15, 1)).contains("1 bits of alpha"));
        assert!(PixelFormat::new(16, rgb, field(99, 0)).is_ok());
    }
}
