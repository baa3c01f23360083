// SPDX-License-Identifier: GPL-3.0-or-later
//! How the picture lies on the screen: turned counter-clockwise by quarters, as Kivy's `rotation` does.

use crate::face::Area;

/// Quarters of a turn of the picture, counter-clockwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Turn {
    /// As the screen is.
    #[default]
    None,
    /// The top of the picture is at the left of the screen.
    Quarter,
    /// Upside down.
    Half,
    /// The top of the picture is at the right of the screen.
    ThreeQuarters,
}

impl Turn {
    /// The turn by 0, 90, 180 or 270 degrees.
    pub fn from_degrees(degrees: u16) -> Option<Self> {
        match degrees {
            0 => Some(Self::None),
            90 => Some(Self::Quarter),
            180 => Some(Self::Half),
            270 => Some(Self::ThreeQuarters),
            _ => None,
        }
    }

    /// Width and height of the picture for those of the screen, and the other way round.
    pub fn size(self, (width, height): (u32, u32)) -> (u32, u32) {
        match self {
            Self::None | Self::Half => (width, height),
            Self::Quarter | Self::ThreeQuarters => (height, width),
        }
    }

    /// Where a point of the screen lies on the picture. Both reach from 0 to 1, from the left and from the top.
    pub fn point(self, (x, y): (f32, f32)) -> (f32, f32) {
        match self {
            Self::None => (x, y),
            Self::Quarter => (1.0 - y, x),
            Self::Half => (1.0 - x, 1.0 - y),
            Self::ThreeQuarters => (y, 1.0 - x),
        }
    }

    /// Which pixel of a picture of `width` and `height` a pixel of the screen shows.
    pub fn pixel(self, (x, y): (usize, usize), (width, height): (usize, usize)) -> (usize, usize) {
        match self {
            Self::None => (x, y),
            Self::Quarter => (width - 1 - y, x),
            Self::Half => (width - 1 - x, height - 1 - y),
            Self::ThreeQuarters => (y, height - 1 - x),
        }
    }

    /// Where an area of a picture of `width` and `height` lies on the screen.
    pub fn area(self, area: Area, (width, height): (usize, usize)) -> Area {
        let right = width - area.x - area.width;
        let below = height - area.y - area.height;
        match self {
            Self::None => area,
            Self::Quarter => Area { x: area.y, y: right, width: area.height, height: area.width },
            Self::Half => Area { x: right, y: below, ..area },
            Self::ThreeQuarters => Area { x: below, y: area.x, width: area.height, height: area.width },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURNS: [Turn; 4] = [Turn::None, Turn::Quarter, Turn::Half, Turn::ThreeQuarters];

    #[test]
    fn the_corner_of_the_picture_goes_round_counter_clockwise() {
        // Where on a screen of 3 by 2 pixels the picture's upper left corner is seen.
        for (turn, corner) in TURNS.into_iter().zip([(0, 0), (0, 1), (2, 1), (2, 0)]) {
            let (width, height) = turn.size((3, 2));
            assert_eq!(turn.pixel(corner, (width as usize, height as usize)), (0, 0), "{turn:?}");
        }
    }

    #[test]
    fn points_areas_and_pixels_agree() {
        let picture = (5, 3);
        for turn in TURNS {
            let (width, height) = turn.size((picture.0 as u32, picture.1 as u32));
            let part = Area { x: 1, y: 0, width: 3, height: 2 };
            let seen = turn.area(part, picture);
            for (x, y) in (0..height as usize).flat_map(|y| (0..width as usize).map(move |x| (x, y))) {
                let (px, py) = turn.pixel((x, y), picture);
                let middle = ((x as f32 + 0.5) / width as f32, (y as f32 + 0.5) / height as f32);
                let (u, v) = turn.point(middle);
                assert_eq!(((u * 5.0) as usize, (v * 3.0) as usize), (px, py), "{turn:?} {x} {y}");
                let holds = |area: Area, x, y| {
                    (area.x..area.x + area.width).contains(&x) && (area.y..area.y + area.height).contains(&y)
                };
                assert_eq!(holds(seen, x, y), holds(part, px, py), "{turn:?} {x} {y}");
            }
        }
    }
}
