// SPDX-License-Identifier: GPL-3.0-or-later
//! Which part of the source is visible, and where in the target.

use framebuffer::{Geometry, Rect};

use programs::fbcp::Fit;

/// The visible part and its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    /// The visible part of the source.
    pub crop: Rect,
    /// Its position in the target. The rest is black.
    pub viewport: Rect,
}

/// Computes the placement of a frame with the size of `source`.
pub(crate) fn place(fit: Fit, source: &Geometry, target: &Geometry) -> Placement {
    let whole = |geometry: &Geometry| Rect { x: 0, y: 0, width: geometry.width(), height: geometry.height() };
    let placement = Placement { crop: whole(source), viewport: whole(target) };
    match fit {
        Fit::Contain => Placement { viewport: largest(target, source), ..placement },
        Fit::Cover => Placement { crop: largest(source, target), ..placement },
        Fit::Stretch => placement,
    }
}

/// The largest centred rectangle in `room` with the aspect ratio of `frame`.
fn largest(room: &Geometry, frame: &Geometry) -> Rect {
    let scaled = |length: usize, to: usize, from: usize| ((length * to + from / 2) / from).max(1);
    let (width, height) = if frame.width() * room.height() >= frame.height() * room.width() {
        (room.width(), scaled(frame.height(), room.width(), frame.width()))
    } else {
        (scaled(frame.width(), room.height(), frame.height()), room.height())
    };
    Rect { x: (room.width() - width) / 2, y: (room.height() - height) / 2, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area([x, y, width, height]: [usize; 4]) -> Rect {
        Rect { x, y, width, height }
    }

    #[test]
    fn the_frame_is_as_large_as_its_aspect_ratio_allows() {
        for (source, target, viewport, crop) in [
            ("240x320x16", "240x320x16", [0, 0, 240, 320], [0, 0, 240, 320]),
            ("480x640x32", "240x320x16", [0, 0, 240, 320], [0, 0, 480, 640]),
            ("1280x800x32", "320x240x16", [0, 20, 320, 200], [106, 0, 1067, 800]),
            ("240x320x16", "320x240x16", [70, 0, 180, 240], [0, 70, 240, 180]),
            ("320x240x16", "240x320x16", [0, 70, 240, 180], [70, 0, 180, 240]),
            ("10x10x16", "31x20x16", [5, 0, 20, 20], [0, 2, 10, 6]),
            ("4096x1x16", "3x3x16", [0, 1, 3, 1], [2047, 0, 1, 1]),
            ("1x4096x16", "4096x4096x16", [2047, 0, 1, 4096], [0, 2047, 1, 1]),
            ("4096x4095x16", "4096x4096x16", [0, 0, 4096, 4095], [0, 0, 4095, 4095]),
        ] {
            let (from, to) = (source.parse().expect(source), target.parse().expect(target));
            assert_eq!(place(Fit::Contain, &from, &to).viewport, area(viewport), "{source} in {target}");
            assert_eq!(place(Fit::Cover, &from, &to).crop, area(crop), "{source} over {target}");
            let stretched = place(Fit::Stretch, &from, &to);
            assert_eq!(stretched.crop, area([0, 0, from.width(), from.height()]));
            assert_eq!(stretched.viewport, area([0, 0, to.width(), to.height()]));
        }
    }
}
