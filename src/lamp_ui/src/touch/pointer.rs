// SPDX-License-Identifier: GPL-3.0-or-later
//! Pointer events on the screen.

/// What the finger did, with positions from 0 to 1 from the upper left: 0 is the centre of the first pixel, 1
/// that of the last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pointer {
    /// Went down, at x and y.
    Down(f32, f32),
    /// Moved to x and y.
    Moved(f32, f32),
    /// Was lifted.
    Up,
    /// Lost: it must have no further effect.
    Lost,
}

impl Pointer {
    /// The event with its position mapped by `place`.
    pub(crate) fn mapped(self, place: impl FnOnce((f32, f32)) -> (f32, f32)) -> Self {
        match self {
            Self::Down(x, y) => {
                let (x, y) = place((x, y));
                Self::Down(x, y)
            }
            Self::Moved(x, y) => {
                let (x, y) = place((x, y));
                Self::Moved(x, y)
            }
            Self::Up | Self::Lost => self,
        }
    }
}

/// A position on a screen of `width` and `height`, in pixels from the upper left: the centre of the first is
/// at 0.5.
pub(crate) fn pixels((x, y): (f32, f32), (width, height): (u32, u32)) -> (f32, f32) {
    let along = |place: f32, side: u32| place * side.saturating_sub(1) as f32 + 0.5;
    (along(x, width), along(y, height))
}
