// SPDX-License-Identifier: GPL-3.0-or-later
//! Icons, drawn from the distance between a pixel and their lines.

use slint::Image;

use super::{Mask, coverage};

/// The power symbol.
pub(crate) fn power_icon(size: i32) -> Image {
    /// Half of the gap at the top of the ring, in radians.
    const GAP: f64 = 0.62;
    const CENTER: (f64, f64) = (0.5, 0.54);
    const RADIUS: f64 = 0.4;
    const HALF_LINE: f64 = 0.05;
    let end = (CENTER.0 + RADIUS * GAP.sin(), CENTER.1 - RADIUS * GAP.cos());
    icon(size, |x, y| {
        // The ring is symmetrical: the right half is enough.
        let (dx, dy) = ((x - CENTER.0).abs(), y - CENTER.1);
        let ring = if dx.atan2(-dy) < GAP {
            (dx + CENTER.0 - end.0).hypot(y - end.1)
        } else {
            (dx.hypot(dy) - RADIUS).abs()
        };
        ring.min(segment((x, y), (0.5, 0.07), (0.5, 0.46))) - HALF_LINE
    })
}

/// A sun for brightness.
pub(crate) fn sun_icon(size: i32) -> Image {
    const RAY: f64 = std::f64::consts::FRAC_PI_4;
    icon(size, |x, y| {
        let (dx, dy) = (x - 0.5, y - 0.5);
        // Rotated to the nearest of the eight rays, which then points to the right.
        let angle = dy.atan2(dx);
        let turn = (angle / RAY).round() * RAY - angle;
        let distance = dx.hypot(dy);
        let turned = (distance * turn.cos(), distance * turn.sin());
        (distance - 0.2).min(segment(turned, (0.33, 0.0), (0.44, 0.0)) - 0.045)
    })
}

/// A square mask of the area inside `distance`, a signed distance in a square of side 1.
fn icon(size: i32, distance: impl Fn(f64, f64) -> f64) -> Image {
    let size = size.clamp(1, 1000);
    let mut canvas = Mask::new(size as u32, size as u32);
    let middle = |pixel: i32| (f64::from(pixel) + 0.5) / f64::from(size);
    for y in 0..size {
        for x in 0..size {
            canvas.add(x, y, coverage(distance(middle(x), middle(y)) * f64::from(size)) as f32);
        }
    }
    canvas.into_image()
}

/// The distance from a point to the line from `a` to `b`.
fn segment((x, y): (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (line_x, line_y) = (b.0 - a.0, b.1 - a.1);
    let along = ((x - a.0) * line_x + (y - a.1) * line_y) / (line_x * line_x + line_y * line_y);
    let along = along.clamp(0.0, 1.0);
    (x - a.0 - along * line_x).hypot(y - a.1 - along * line_y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_their_ends() {
        let distance = |x, y| segment((x, y), (0.0, 0.0), (2.0, 0.0));
        assert!((distance(1.0, 3.0) - 3.0).abs() < 1e-9);
        assert!((distance(-3.0, 4.0) - 5.0).abs() < 1e-9);
        assert!((distance(5.0, 4.0) - 5.0).abs() < 1e-9);
    }
}
