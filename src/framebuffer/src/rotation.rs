// SPDX-License-Identifier: GPL-3.0-or-later
//! Rotations of a frame on the screen by quarter turns.

use std::ops::Range;

use crate::{Error, Geometry, Rect};

/// The clockwise rotation of a frame on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// No rotation.
    #[default]
    None,
    /// 90 degrees clockwise: the first row becomes the last column; the top of the frame is at the right.
    Clockwise90,
    /// 180 degrees: upside down.
    Half,
    /// 270 degrees clockwise (90 counter-clockwise): the first row becomes the first column, from the bottom
    /// up; the top of the frame is at the left.
    Clockwise270,
}

impl Rotation {
    /// The rotation by 0, 90, 180 or 270 degrees, clockwise.
    #[must_use]
    pub fn clockwise(degrees: u16) -> Option<Self> {
        match degrees {
            0 => Some(Self::None),
            90 => Some(Self::Clockwise90),
            180 => Some(Self::Half),
            270 => Some(Self::Clockwise270),
            _ => None,
        }
    }

    /// The rotation by 0, 90, 180 or 270 degrees, counter-clockwise.
    #[must_use]
    pub fn counter_clockwise(degrees: u16) -> Option<Self> {
        360_u16.checked_sub(degrees).and_then(|clockwise| Self::clockwise(clockwise % 360))
    }

    /// Converts width and height between frame and screen.
    #[must_use]
    pub fn size(self, (width, height): (u32, u32)) -> (u32, u32) {
        match self {
            Self::None | Self::Half => (width, height),
            Self::Clockwise270 | Self::Clockwise90 => (height, width),
        }
    }

    /// Maps a point of the screen to the frame. Both range from 0 to 1, from the left and from the top.
    #[must_use]
    pub fn point(self, (x, y): (f32, f32)) -> (f32, f32) {
        match self {
            Self::None => (x, y),
            Self::Clockwise270 => (1.0 - y, x),
            Self::Half => (1.0 - x, 1.0 - y),
            Self::Clockwise90 => (y, 1.0 - x),
        }
    }

    /// Maps a pixel of the screen to a pixel of a frame of `width` and `height`.
    #[must_use]
    pub fn pixel(self, (x, y): (usize, usize), (width, height): (usize, usize)) -> (usize, usize) {
        match self {
            Self::None => (x, y),
            Self::Clockwise270 => (width - 1 - y, x),
            Self::Half => (width - 1 - x, height - 1 - y),
            Self::Clockwise90 => (y, height - 1 - x),
        }
    }

    /// Maps a part of a frame of `width` and `height` to the screen.
    #[must_use]
    pub fn rect(self, rect: Rect, (width, height): (usize, usize)) -> Rect {
        let right = width - rect.x - rect.width;
        let below = height - rect.y - rect.height;
        match self {
            Self::None => rect,
            Self::Clockwise270 => Rect { x: rect.y, y: right, width: rect.height, height: rect.width },
            Self::Half => Rect { x: right, y: below, ..rect },
            Self::Clockwise90 => Rect { x: below, y: rect.x, width: rect.height, height: rect.width },
        }
    }

    /// The geometry of the rotated `source`, without padding.
    pub fn geometry(self, source: &Geometry) -> Result<Geometry, Error> {
        let (width, height) = match self {
            Self::None | Self::Half => (source.width(), source.height()),
            Self::Clockwise90 | Self::Clockwise270 => (source.height(), source.width()),
        };
        let format = source.format();
        Geometry::new(width, height, width * format.bytes_per_pixel(), 0, format)
    }

    /// Copies the pixels `columns` of row `y` of `source` to their positions in `turned`, a frame of
    /// [`Self::geometry`]. Returns the rows of `turned` that contain them.
    ///
    /// # Panics
    /// If `row` or `turned` is too short.
    pub fn place(
        self,
        source: &Geometry,
        y: usize,
        row: &[u8],
        columns: Range<usize>,
        turned: &mut [u8],
    ) -> Range<usize> {
        let pixel = source.format().bytes_per_pixel();
        let (width, height) = (source.width(), source.height());
        let mut put = |x: usize, place: usize| {
            turned[place * pixel..][..pixel].copy_from_slice(&row[x * pixel..][..pixel]);
        };
        match self {
            Self::None => {
                columns.for_each(|x| put(x, y * width + x));
                y..y + 1
            }
            Self::Clockwise90 => {
                columns.clone().for_each(|x| put(x, x * height + height - 1 - y));
                columns
            }
            Self::Half => {
                columns.for_each(|x| put(x, (height - 1 - y) * width + width - 1 - x));
                height - 1 - y..height - y
            }
            Self::Clockwise270 => {
                columns.clone().for_each(|x| put(x, (width - 1 - x) * height + y));
                width - columns.end..width - columns.start
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(rotation: Rotation) -> Vec<u8> {
        // Two rows of three two-byte pixels, named 1 to 6.
        let source: Geometry = "3x2x16".parse().expect("a geometry");
        let mut result = vec![0; 12];
        for y in 0..2 {
            let row: Vec<u8> = (1..=3).flat_map(|x| [y * 3 + x, 0]).collect();
            rotation.place(&source, y.into(), &row, 0..3, &mut result);
        }
        result.chunks(2).map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn places_pixels_like_a_rotated_sheet_of_paper() {
        assert_eq!(turned(Rotation::None), [1, 2, 3, 4, 5, 6]);
        assert_eq!(turned(Rotation::Clockwise90), [4, 1, 5, 2, 6, 3]);
        assert_eq!(turned(Rotation::Half), [6, 5, 4, 3, 2, 1]);
        assert_eq!(turned(Rotation::Clockwise270), [3, 6, 2, 5, 1, 4]);
    }

    #[test]
    fn reports_the_rows_of_a_change() {
        let source: Geometry = "5x4x16".parse().expect("a geometry");
        for (rotation, rows) in [
            (Rotation::None, 1..2),
            (Rotation::Clockwise90, 1..3),
            (Rotation::Half, 2..3),
            (Rotation::Clockwise270, 2..4),
        ] {
            let mut result = vec![0; source.visible_bytes()];
            assert_eq!(rotation.place(&source, 1, &[0xff; 10], 1..3, &mut result), rows, "{rotation:?}");
            let width = rotation.geometry(&source).expect("a geometry").row_bytes();
            for (y, row) in result.chunks(width).enumerate() {
                assert_eq!(row.contains(&0xff), rows.contains(&y), "{rotation:?}, row {y}");
            }
        }
    }

    const ROTATIONS: [Rotation; 4] =
        [Rotation::None, Rotation::Clockwise90, Rotation::Half, Rotation::Clockwise270];

    #[test]
    fn the_corner_of_the_frame_moves_clockwise() {
        // The position of the frame's upper left corner on a screen of 3 by 2 pixels.
        for (rotation, corner) in ROTATIONS.into_iter().zip([(0, 0), (2, 0), (2, 1), (0, 1)]) {
            let (width, height) = rotation.size((3, 2));
            assert_eq!(rotation.pixel(corner, (width as usize, height as usize)), (0, 0), "{rotation:?}");
        }
    }

    #[test]
    fn points_areas_and_pixels_agree() {
        let frame = (5, 3);
        for rotation in ROTATIONS {
            let (width, height) = rotation.size((frame.0 as u32, frame.1 as u32));
            let part = Rect { x: 1, y: 0, width: 3, height: 2 };
            let seen = rotation.rect(part, frame);
            for (x, y) in (0..height as usize).flat_map(|y| (0..width as usize).map(move |x| (x, y))) {
                let (px, py) = rotation.pixel((x, y), frame);
                let middle = ((x as f32 + 0.5) / width as f32, (y as f32 + 0.5) / height as f32);
                let (u, v) = rotation.point(middle);
                assert_eq!(((u * 5.0) as usize, (v * 3.0) as usize), (px, py), "{rotation:?} {x} {y}");
                let holds = |area: Rect, x, y| {
                    (area.x..area.x + area.width).contains(&x) && (area.y..area.y + area.height).contains(&y)
                };
                assert_eq!(holds(seen, x, y), holds(part, px, py), "{rotation:?} {x} {y}");
            }
        }
    }

    #[test]
    fn clockwise_and_counter_clockwise_agree_on_180_degrees() {
        for (degrees, clockwise, counter) in [
            (0, Rotation::None, Rotation::None),
            (90, Rotation::Clockwise90, Rotation::Clockwise270),
            (180, Rotation::Half, Rotation::Half),
            (270, Rotation::Clockwise270, Rotation::Clockwise90),
        ] {
            assert_eq!(Rotation::clockwise(degrees), Some(clockwise));
            assert_eq!(Rotation::counter_clockwise(degrees), Some(counter));
        }
        for degrees in [45, 360, 720] {
            assert_eq!(Rotation::clockwise(degrees), None);
        }
        assert_eq!((Rotation::counter_clockwise(45), Rotation::counter_clockwise(720)), (None, None));
    }
}
