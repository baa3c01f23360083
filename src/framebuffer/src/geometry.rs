// SPDX-License-Identifier: GPL-3.0-or-later
//! The shape of a framebuffer's visible part, validated on creation.

use std::fmt;
use std::str::FromStr;

use crate::{Error, PixelFormat};

/// The longest supported side in pixels: the widest mode of a Raspberry Pi's HDMI outputs.
///
/// This limits the memory that a wrong or hostile driver can make a program allocate. It also lets the sum of
/// a frame's eight-bit values fit 32 bits.
pub const MAX_SIDE: usize = 4096;

/// The position of the visible pixels in a framebuffer's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    width: usize,
    height: usize,
    stride: usize,
    offset: usize,
    format: PixelFormat,
}

impl Geometry {
    /// `width` and `height` are in visible pixels, `stride` in bytes from row to row, `offset` in bytes from
    /// the start of the memory to the first visible pixel (not 0 if the frame is panned).
    pub fn new(
        width: usize,
        height: usize,
        stride: usize,
        offset: usize,
        format: PixelFormat,
    ) -> Result<Self, Error> {
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            return Err(Error::unusable(format!(
                "a size of {width}x{height} pixels is not supported; each side must be 1 to {MAX_SIDE}"
            )));
        }
        let geometry = Self { width, height, stride, offset, format };
        let row_bytes = geometry.row_bytes();
        if stride < row_bytes {
            return Err(Error::unusable(format!(
                "a stride of {stride} bytes is shorter than a row of {width} pixels, which needs {row_bytes}"
            )));
        }
        if stride.checked_mul(height).and_then(|bytes| bytes.checked_add(offset)).is_none() {
            return Err(Error::unusable(format!(
                "a stride of {stride} bytes from byte {offset} exceeds any memory"
            )));
        }
        Ok(geometry)
    }

    /// Visible pixels in a row.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Visible rows.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Bytes from the start of a row to the start of the next.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// Byte offset of the first visible pixel.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The format of each pixel.
    #[must_use]
    pub const fn format(&self) -> PixelFormat {
        self.format
    }

    /// Bytes of the visible pixels of one row.
    #[must_use]
    pub const fn row_bytes(&self) -> usize {
        self.width * self.format.bytes_per_pixel()
    }

    /// Bytes of all visible pixels without padding: the size of a shadow.
    #[must_use]
    pub const fn visible_bytes(&self) -> usize {
        self.row_bytes() * self.height
    }

    /// Bytes from the start of the memory to the end of the last visible row.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        self.row_start(self.height - 1) + self.row_bytes()
    }

    /// Byte offset of the first visible pixel of row `y`.
    pub(crate) const fn row_start(&self, y: usize) -> usize {
        self.offset + y * self.stride
    }

    /// Whether the two differ only in the position of the first visible pixel.
    pub(crate) fn is_panned(&self, other: &Self) -> bool {
        Self { offset: other.offset, ..*self } == *other
    }
}

/// `240x320, 16 bits per pixel, stride 480`, for log lines.
impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { width, height, stride, offset, format } = self;
        write!(f, "{width}x{height}, {} bits per pixel, stride {stride}", format.bits_per_pixel())?;
        if *offset > 0 {
            write!(f, ", from byte {offset}")?;
        }
        Ok(())
    }
}

/// `WIDTHxHEIGHTxFORMAT[:STRIDE][@OFFSET]`, the geometry of a file used as a framebuffer.
///
/// FORMAT is 16 (`rgb565`), 24 (`rgb888`), 32 (`xrgb8888`), or one of the names `rgb565`, `bgr565`, `rgb888`,
/// `bgr888`, `xrgb8888`, `xbgr8888`. STRIDE is in bytes and defaults to rows without padding. OFFSET is the
/// byte of the first pixel and defaults to 0.
impl FromStr for Geometry {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = || {
            Error::unusable(format!(
                "`{text}` is not a geometry; write WIDTHxHEIGHTxFORMAT[:STRIDE][@OFFSET], \
                 for example 320x240x16 or 320x240xbgr565:704@64"
            ))
        };
        let number = |digits: &str| digits.parse::<usize>().map_err(|_| malformed());
        let (rest, offset) = match text.split_once('@') {
            Some((rest, offset)) => (rest, number(offset)?),
            None => (text, 0),
        };
        let (rest, stride) = match rest.split_once(':') {
            Some((rest, stride)) => (rest, Some(number(stride)?)),
            None => (rest, None),
        };
        let mut parts = rest.splitn(3, 'x');
        let mut part = || parts.next().ok_or_else(malformed);
        let (width, height, format) = (number(part()?)?, number(part()?)?, part()?);
        let format = match format {
            "16" | "rgb565" => PixelFormat::RGB565,
            "bgr565" => PixelFormat::BGR565,
            "24" | "rgb888" => PixelFormat::RGB888,
            "bgr888" => PixelFormat::BGR888,
            "32" | "xrgb8888" => PixelFormat::XRGB8888,
            "xbgr8888" => PixelFormat::XBGR8888,
            _ => return Err(malformed()),
        };
        let unpadded = width.saturating_mul(format.bytes_per_pixel());
        Self::new(width, height, stride.unwrap_or(unpadded), offset, format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Geometry, String> {
        text.parse().map_err(|error: Error| error.to_string())
    }

    #[test]
    fn parses_every_part_of_the_text() {
        let plain = parse("320x240x16").expect("a geometry");
        assert_eq!((plain.width(), plain.height(), plain.stride(), plain.offset()), (320, 240, 640, 0));
        assert_eq!(plain.format(), PixelFormat::RGB565);
        assert_eq!((plain.row_bytes(), plain.visible_bytes(), plain.memory_bytes()), (640, 153_600, 153_600));

        let full = parse("7x3xbgr888:31@5").expect("a geometry");
        assert_eq!((full.width(), full.height(), full.stride(), full.offset()), (7, 3, 31, 5));
        assert_eq!(full.format(), PixelFormat::BGR888);
        assert_eq!((full.row_bytes(), full.visible_bytes(), full.memory_bytes()), (21, 63, 5 + 2 * 31 + 21));
        assert_eq!(full.to_string(), "7x3, 24 bits per pixel, stride 31, from byte 5");
    }

    #[test]
    fn rejects_malformed_text_and_shows_the_form() {
        for text in [
            "",
            "320",
            "320x240",
            "320x240x",
            "320x240x8",
            "320x240x16:",
            "x240x16",
            "-1x240x16",
            "320x240x16@",
            "a",
        ] {
            let sentence = parse(text).expect_err(text);
            assert!(
                sentence.starts_with(&format!("`{text}` is not a geometry; write WIDTHxHEIGHTxFORMAT")),
                "{sentence}"
            );
        }
    }

    #[test]
    fn rejects_impossible_shapes() {
        for (text, part) in [
            ("0x240x16", "0x240 pixels"),
            ("320x0x16", "320x0 pixels"),
            ("4097x1x16", "4097x1 pixels"),
            ("18446744073709551615x1x32", "is not supported"),
            ("320x240x16:639", "stride of 639 bytes is shorter"),
            ("320x240x16:9223372036854775807", "exceeds any memory"),
            ("320x240x16@18446744073709551615", "exceeds any memory"),
        ] {
            let sentence = parse(text).expect_err(text);
            assert!(sentence.contains(part), "{text}: {sentence}");
        }
        assert!(parse("4096x4096x32").is_ok());
    }
}
