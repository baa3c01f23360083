// SPDX-License-Identifier: GPL-3.0-or-later
//! Turning a picture by quarters.

use std::ops::Range;

use crate::{Error, Geometry};

/// How far a picture is turned, clockwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Not at all.
    None,
    /// By 90 degrees: the first row becomes the last column.
    Quarter,
    /// By 180 degrees: upside down.
    Half,
    /// By 270 degrees: the first row becomes the first column, from the bottom up.
    ThreeQuarters,
}

impl Turn {
    /// The geometry of `source` when it is turned, rows without padding.
    pub fn geometry(self, source: &Geometry) -> Result<Geometry, Error> {
        let (width, height) = match self {
            Self::None | Self::Half => (source.width(), source.height()),
            Self::Quarter | Self::ThreeQuarters => (source.height(), source.width()),
        };
        let format = source.format();
        Geometry::new(width, height, width * format.bytes_per_pixel(), 0, format)
    }

    /// Puts the pixels `columns` of row `y` of `source` where they belong in `turned`, a picture of [`Self::geometry`].
    /// Returns the rows of `turned` that they lie in.
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
            Self::Quarter => {
                columns.clone().for_each(|x| put(x, x * height + height - 1 - y));
                columns
            }
            Self::Half => {
                columns.for_each(|x| put(x, (height - 1 - y) * width + width - 1 - x));
                height - 1 - y..height - y
            }
            Self::ThreeQuarters => {
                columns.clone().for_each(|x| put(x, (width - 1 - x) * height + y));
                width - columns.end..width - columns.start
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(turn: Turn) -> Vec<u8> {
        // Two rows of three pixels, named 1 to 6, of two bytes each.
        let source: Geometry = "3x2x16".parse().expect("a geometry");
        let mut result = vec![0; 12];
        for y in 0..2 {
            let row: Vec<u8> = (1..=3).flat_map(|x| [y * 3 + x, 0]).collect();
            turn.place(&source, y.into(), &row, 0..3, &mut result);
        }
        result.chunks(2).map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn pixels_go_where_a_turned_sheet_of_paper_has_them() {
        assert_eq!(turned(Turn::None), [1, 2, 3, 4, 5, 6]);
        assert_eq!(turned(Turn::Quarter), [4, 1, 5, 2, 6, 3]);
        assert_eq!(turned(Turn::Half), [6, 5, 4, 3, 2, 1]);
        assert_eq!(turned(Turn::ThreeQuarters), [3, 6, 2, 5, 1, 4]);
    }

    #[test]
    fn the_rows_that_a_change_lies_in_are_told() {
        let source: Geometry = "5x4x16".parse().expect("a geometry");
        for (turn, rows) in
            [(Turn::None, 1..2), (Turn::Quarter, 1..3), (Turn::Half, 2..3), (Turn::ThreeQuarters, 2..4)]
        {
            let mut result = vec![0; source.visible_bytes()];
            assert_eq!(turn.place(&source, 1, &[0xff; 10], 1..3, &mut result), rows, "{turn:?}");
            let width = turn.geometry(&source).expect("a geometry").row_bytes();
            for (y, row) in result.chunks(width).enumerate() {
                assert_eq!(row.contains(&0xff), rows.contains(&y), "{turn:?}, row {y}");
            }
        }
    }
}
