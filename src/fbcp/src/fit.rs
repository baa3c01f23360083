// SPDX-License-Identifier: GPL-3.0-or-later
//! Where in the target the picture goes.

use framebuffer::Geometry;

/// A rectangle of the target, in pixels. The rest is black.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewport {
    /// Pixels to the left of it.
    pub x: usize,
    /// Pixels above it.
    pub y: usize,
    /// Width, at least 1.
    pub width: usize,
    /// Height, at least 1.
    pub height: usize,
}

impl Viewport {
    /// The largest rectangle in the middle of `target` with the proportions of `source`.
    pub fn contain(source: &Geometry, target: &Geometry) -> Self {
        let scaled = |length: usize, to: usize, from: usize| ((length * to + from / 2) / from).max(1);
        let (width, height) = if source.width() * target.height() >= source.height() * target.width() {
            (target.width(), scaled(source.height(), target.width(), source.width()))
        } else {
            (scaled(source.width(), target.height(), source.height()), target.height())
        };
        Self { x: (target.width() - width) / 2, y: (target.height() - height) / 2, width, height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_as_large_as_its_proportions_allow() {
        for (source, target, x, y, width, height) in [
            ("240x320x16", "240x320x16", 0, 0, 240, 320),
            ("480x640x32", "240x320x16", 0, 0, 240, 320),
            ("1280x800x32", "320x240x16", 0, 20, 320, 200),
            ("240x320x16", "320x240x16", 70, 0, 180, 240),
            ("320x240x16", "240x320x16", 0, 70, 240, 180),
            ("10x10x16", "31x20x16", 5, 0, 20, 20),
            ("4096x1x16", "3x3x16", 0, 1, 3, 1),
            ("1x4096x16", "4096x4096x16", 2047, 0, 1, 4096),
            ("4096x4095x16", "4096x4096x16", 0, 0, 4096, 4095),
        ] {
            let viewport = Viewport::contain(&source.parse().expect(source), &target.parse().expect(target));
            assert_eq!(viewport, Viewport { x, y, width, height }, "{source} in {target}");
        }
    }
}
