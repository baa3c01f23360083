// SPDX-License-Identifier: GPL-3.0-or-later
//! The slider tracks: dithered gradients with round ends.

use framebuffer::BAYER;
use lamp::color::hsv_to_rgb;
use slint::{Color, Image, Rgba8Pixel, SharedPixelBuffer};

use super::coverage;

/// The grey of the outline of a slider's track.
const OUTLINE: f64 = 0.3;

/// The lamp's light at full brightness.
pub(crate) fn light(hue: f32, saturation: f32) -> Color {
    let [red, green, blue] =
        hsv_to_rgb(hue.into(), saturation.into(), 1.0).map(|channel| (channel * 255.0).round() as u8);
    Color::from_rgb_u8(red, green, blue)
}

/// The hue track: once around the colour circle, from red to red.
pub(crate) fn hue_track(width: i32, height: i32) -> Image {
    track(width, height, |position| hsv_to_rgb(position, 1.0, 1.0))
}

/// The saturation track: white to the pure colour.
pub(crate) fn saturation_track(width: i32, height: i32, hue: f32) -> Image {
    track(width, height, |position| hsv_to_rgb(hue.into(), position, 1.0))
}

/// The brightness track: black to white.
pub(crate) fn brightness_track(width: i32, height: i32) -> Image {
    track(width, height, |position| [position; 3])
}

/// A track with round ends and a thin outline. `color` maps a position to red, green and blue, all from 0 to
/// 1.
fn track(width: i32, height: i32, color: impl Fn(f64) -> [f64; 3]) -> Image {
    let (width, height) = (width.clamp(1, 1 << 14), height.clamp(1, 1 << 10));
    let mut buffer = SharedPixelBuffer::<Rgba8Pixel>::new(width as u32, height as u32);
    let radius = f64::from(height) / 2.0;
    let outline = f64::from(height) / 8.0;
    let colors: Vec<[f64; 3]> = (0..width).map(|x| color((f64::from(x) + 0.5) / f64::from(width))).collect();
    for (y, row) in (0..).zip(buffer.make_mut_slice().chunks_exact_mut(width as usize)) {
        for (x, pixel) in (0..).zip(row) {
            let (middle_x, middle_y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
            let center = middle_x.clamp(radius, (f64::from(width) - radius).max(radius));
            let distance = (middle_x - center).hypot(middle_y - radius) - radius;
            let inside = coverage(distance + outline);
            let [red, green, blue] = dithered(colors[x as usize], x, y).map(|channel| {
                (f64::from(channel) * inside + 255.0 * OUTLINE * (1.0 - inside)).round() as u8
            });
            *pixel = Rgba8Pixel::new(red, green, blue, (coverage(distance) * 255.0).round() as u8);
        }
    }
    Image::from_rgba8(buffer)
}

/// Dithers a colour from 0 to 1 to one that a 16-bit panel shows exactly, chosen by position so that the mean
/// is right.
///
/// 32-bit screens get the same colours, because fbcp may copy them to a 16-bit panel and drop the other bits.
fn dithered([red, green, blue]: [f64; 3], x: i32, y: i32) -> [u8; 3] {
    let threshold = (f64::from(BAYER[(y & 3) as usize][(x & 3) as usize]) + 0.5) / 16.0;
    let quantized = |channel: f64, levels: f64| {
        let level = (channel * levels + threshold).floor().min(levels);
        (level * 255.0 / levels).round() as u8
    };
    [quantized(red, 31.0), quantized(green, 63.0), quantized(blue, 31.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dithering_keeps_the_mean_and_needs_no_more_than_sixteen_bits() {
        for channel in [0.0, 0.013, 0.2, 0.5, 0.77, 1.0] {
            let mut sum = [0.0; 3];
            for (x, y) in (0..4).flat_map(|y| (0..4).map(move |x| (x, y))) {
                let color = dithered([channel; 3], x, y);
                for ((sum, value), levels) in sum.iter_mut().zip(color).zip([31.0, 63.0, 31.0]) {
                    *sum += f64::from(value) / 16.0;
                    let level = f64::from(value) * levels / 255.0;
                    assert!((level - level.round()).abs() < 0.13, "{value} is no level of {levels}");
                }
            }
            for mean in sum {
                assert!(
                    (mean / 255.0 - channel).abs() < 1.0 / 31.0 / 16.0 + 0.002,
                    "{channel} became {mean}"
                );
            }
        }
    }
}
