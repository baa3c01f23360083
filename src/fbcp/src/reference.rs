// SPDX-License-Identifier: GPL-3.0-or-later
//! Computes the expected target for tests: one pixel at a time, in floating point and without state; slow and
//! simple.

use framebuffer::{Decoder, Geometry, PixelFormat, Rotation};

use crate::fit::{Placement, place};
use crate::frame::RenderOptions;
use programs::fbcp::Fit;

pub(crate) const FORMATS: [PixelFormat; 6] = [
    PixelFormat::RGB565,
    PixelFormat::BGR565,
    PixelFormat::RGB888,
    PixelFormat::BGR888,
    PixelFormat::XRGB8888,
    PixelFormat::XBGR8888,
];
pub(crate) const ROTATIONS: [Rotation; 4] =
    [Rotation::None, Rotation::Clockwise90, Rotation::Half, Rotation::Clockwise270];
pub(crate) const FITS: [Fit; 3] = [Fit::Contain, Fit::Cover, Fit::Stretch];

/// Describes the first pixel of `screen` that is wrong for `pixels`. Both are rows without padding.
pub(crate) fn difference(
    source: &Geometry,
    target: &Geometry,
    options: RenderOptions,
    pixels: &[u8],
    screen: &[u8],
) -> Option<String> {
    let mut shown = vec![[0; 3]; target.width() * target.height()];
    Decoder::new(target.format()).decode(screen, &mut shown);
    let wanted = colors(source, target, options, pixels);
    let (place, (shown, wanted)) = shown
        .iter()
        .zip(wanted)
        .enumerate()
        .find(|(_, (shown, wanted))| !shows(target, options.dither, **shown, *wanted))?;
    let (x, y) = (place % target.width(), place / target.width());
    Some(format!("{shown:?} for {wanted:?} at {x},{y}, of {source} on {target}, {options:?}"))
}

/// Whether a pixel of the target is as close to a colour as its format and the options allow.
fn shows(target: &Geometry, dither: bool, pixel: [u8; 3], color: [f64; 3]) -> bool {
    target.format().colors().iter().zip(pixel).zip(color).all(|((field, shown), wanted)| {
        // Half a step of the format, or a whole step when dithered, plus the rounding to eight bits.
        let step = 255.0 / f64::from((1_u32 << field.length) - 1);
        (f64::from(shown) - wanted).abs() <= if dither { step } else { step / 2.0 } + 1.01
    })
}

/// The whole target in exact colours.
fn colors(source: &Geometry, target: &Geometry, options: RenderOptions, pixels: &[u8]) -> Vec<[f64; 3]> {
    let mut rgb = vec![[0; 3]; source.width() * source.height()];
    Decoder::new(source.format()).decode(pixels, &mut rgb);
    let (w, h) = (source.width(), source.height());
    let (tw, th) = if matches!(options.rotation, Rotation::None | Rotation::Half) { (w, h) } else { (h, w) };
    let at = |x: usize, y: usize| match options.rotation {
        Rotation::None => rgb[y * w + x],
        Rotation::Clockwise90 => rgb[(h - 1 - x) * w + y],
        Rotation::Half => rgb[(h - 1 - y) * w + w - 1 - x],
        Rotation::Clockwise270 => rgb[x * w + w - 1 - y],
    };
    let upright = Geometry::new(tw, th, tw * 3, 0, PixelFormat::BGR888).expect("a geometry");
    let Placement { crop, viewport } = place(options.fit, &upright, target);
    let mut result = vec![[0.0; 3]; target.width() * target.height()];
    for y in 0..viewport.height {
        for x in 0..viewport.width {
            let side = |index: usize, crop: usize, from: usize, to: usize| {
                let edge = |index: usize| crop as f64 + index as f64 * from as f64 / to as f64;
                (edge(index), edge(index + 1))
            };
            let (left, right) = side(x, crop.x, crop.width, viewport.width);
            let (top, bottom) = side(y, crop.y, crop.height, viewport.height);
            let mut sum = [0.0; 3];
            for source_y in top as usize..(bottom.ceil() as usize).min(th) {
                for source_x in left as usize..(right.ceil() as usize).min(tw) {
                    let part = overlap(source_x, left, right) * overlap(source_y, top, bottom);
                    for (sum, value) in sum.iter_mut().zip(at(source_x, source_y)) {
                        *sum += part * f64::from(value);
                    }
                }
            }
            let area = (right - left) * (bottom - top);
            let place = (viewport.y + y) * target.width() + viewport.x + x;
            result[place] = sum.map(|sum| sum / area);
        }
    }
    result
}

/// The part of the line from `a` to `b` that pixel `index` covers.
fn overlap(index: usize, a: f64, b: f64) -> f64 {
    ((index as f64 + 1.0).min(b) - (index as f64).max(a)).max(0.0)
}
