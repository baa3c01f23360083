// SPDX-License-Identifier: GPL-3.0-or-later
//! Pictures that the renderer cannot draw by itself: dithered gradients with round ends, icons, and text.
//!
//! Each is made for the exact number of pixels it covers, so that it is sharp on every screen.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use lamp::color::hsv_to_rgb;
use slint::{Color, Image, Rgba8Pixel, SharedPixelBuffer};

/// Latin letters of Roboto, see assets/README.md.
const FONT: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts/Roboto-Regular-latin1.ttf"));

/// Grey of the line around a slider's track.
const OUTLINE: f64 = 0.3;

/// The light that the lamp gives at full brightness.
pub fn light(hue: f32, saturation: f32) -> Color {
    let [red, green, blue] =
        hsv_to_rgb(hue.into(), saturation.into(), 1.0).map(|channel| (channel * 255.0).round() as u8);
    Color::from_rgb_u8(red, green, blue)
}

/// Track of the hue slider: once around the colour circle, from red to red.
pub fn hue_track(width: i32, height: i32) -> Image {
    track(width, height, |position| hsv_to_rgb(position, 1.0, 1.0))
}

/// Track of the saturation slider: white to the pure colour.
pub fn saturation_track(width: i32, height: i32, hue: f32) -> Image {
    track(width, height, |position| hsv_to_rgb(hue.into(), position, 1.0))
}

/// Track of the brightness slider: black to white.
pub fn brightness_track(width: i32, height: i32) -> Image {
    track(width, height, |position| [position; 3])
}

/// The sign of a power switch.
pub fn power_icon(size: i32) -> Image {
    /// Half of the gap at the top of the ring, in radians.
    const GAP: f64 = 0.62;
    const CENTER: (f64, f64) = (0.5, 0.54);
    const RADIUS: f64 = 0.4;
    const HALF_LINE: f64 = 0.05;
    let end = (CENTER.0 + RADIUS * GAP.sin(), CENTER.1 - RADIUS * GAP.cos());
    icon(size, |x, y| {
        // The ring is symmetrical: the right half tells of the left one.
        let (dx, dy) = ((x - CENTER.0).abs(), y - CENTER.1);
        let ring = if dx.atan2(-dy) < GAP {
            (dx + CENTER.0 - end.0).hypot(y - end.1)
        } else {
            (dx.hypot(dy) - RADIUS).abs()
        };
        ring.min(segment((x, y), (0.5, 0.07), (0.5, 0.46))) - HALF_LINE
    })
}

/// A sun, which stands for brightness.
pub fn sun_icon(size: i32) -> Image {
    const RAY: f64 = std::f64::consts::FRAC_PI_4;
    icon(size, |x, y| {
        let (dx, dy) = (x - 0.5, y - 0.5);
        // Turned to the nearest of the eight rays, which then points to the right.
        let angle = dy.atan2(dx);
        let turn = (angle / RAY).round() * RAY - angle;
        let distance = dx.hypot(dy);
        let turned = (distance * turn.cos(), distance * turn.sin());
        (distance - 0.2).min(segment(turned, (0.33, 0.0), (0.44, 0.0)) - 0.045)
    })
}

/// Text whose letters are `size` pixels high, measured as fonts are: from line to line. Lines are broken between words so
/// that none is longer than `room` pixels, and stand centred one below the other.
pub fn text(text: &str, size: i32, room: i32) -> Image {
    let font = FontRef::try_from_slice(FONT).expect("the font is part of the program");
    let size = size.clamp(1, 1000) as f32;
    let per_em = font.units_per_em().unwrap_or(1000.0);
    let font = font.as_scaled(PxScale::from(size * font.height_unscaled() / per_em));
    let length =
        |line: &str| -> f32 { line.chars().map(|letter| font.h_advance(font.glyph_id(letter))).sum() };
    let lines = balanced(text, room as f32, length);

    let width = lines.iter().map(|line| length(line)).fold(0.0, f32::max);
    // A letter may reach beyond its advance by a pixel.
    let mut canvas = Mask::new(width.ceil() as u32 + 1, (font.height() * lines.len() as f32).ceil() as u32);
    for (number, line) in lines.iter().enumerate() {
        let mut end = ((width - length(line)) / 2.0).round();
        let base = (font.height() * number as f32 + font.ascent()).round();
        for letter in line.chars() {
            let id = font.glyph_id(letter);
            let glyph = id.with_scale_and_position(font.scale(), point(end, base));
            end += font.h_advance(id);
            if let Some(outline) = font.outline_glyph(glyph) {
                let bounds = outline.px_bounds();
                outline.draw(|x, y, coverage| {
                    canvas.add(bounds.min.x as i32 + x as i32, bounds.min.y as i32 + y as i32, coverage);
                });
            }
        }
    }
    canvas.into_image()
}

/// The fewest lines of a text that fit into `room`, about equally long: a last word alone on its line looks lost.
fn balanced(text: &str, room: f32, length: impl Fn(&str) -> f32) -> Vec<String> {
    let within = |room: f32| broken(text, |line| length(line) <= room);
    let mut lines = within(room);
    // Halving, until it is about one pixel exact.
    let (mut too_narrow, mut wide_enough) = (0.0, room);
    while wide_enough - too_narrow > 1.0 {
        let middle = f32::midpoint(too_narrow, wide_enough);
        let narrower = within(middle);
        if narrower.len() <= lines.len() && narrower.iter().all(|line| length(line) <= middle) {
            (lines, wide_enough) = (narrower, middle);
        } else {
            too_narrow = middle;
        }
    }
    lines
}

/// The lines of a text, each as long as fits; a word that is too long by itself is a line of its own.
fn broken(text: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if fits(&format!("{line} {word}")) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// White pixels of which only the opacity counts; the scene gives them their colour.
struct Mask(SharedPixelBuffer<Rgba8Pixel>);

impl Mask {
    fn new(width: u32, height: u32) -> Self {
        Self(SharedPixelBuffer::new(width.max(1), height.max(1)))
    }

    fn add(&mut self, x: i32, y: i32, coverage: f32) {
        let (width, height) = (self.0.width() as i32, self.0.height() as i32);
        if (0..width).contains(&x) && (0..height).contains(&y) {
            let pixel = &mut self.0.make_mut_slice()[(y * width + x) as usize];
            let alpha = pixel.a.saturating_add((coverage.clamp(0.0, 1.0) * 255.0).round() as u8);
            *pixel = Rgba8Pixel::new(255, 255, 255, alpha);
        }
    }

    fn into_image(self) -> Image {
        Image::from_rgba8(self.0)
    }
}

/// A square mask of what lies inside `distance`, a signed distance in a square of side 1.
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

/// How much of a pixel lies inside an edge that is `distance` pixels away from its middle.
fn coverage(distance: f64) -> f64 {
    (0.5 - distance).clamp(0.0, 1.0)
}

/// Distance from a point to the line from `a` to `b`.
fn segment((x, y): (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (line_x, line_y) = (b.0 - a.0, b.1 - a.1);
    let along = ((x - a.0) * line_x + (y - a.1) * line_y) / (line_x * line_x + line_y * line_y);
    let along = along.clamp(0.0, 1.0);
    (x - a.0 - along * line_x).hypot(y - a.1 - along * line_y)
}

/// A track with round ends and a thin outline; `color` tells red, green and blue along it, all from 0 to 1.
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

/// A colour from 0 to 1 as one that a panel of 16 bits shows exactly, chosen by place so that the eye sees the mean.
///
/// This is done for screens of 32 bits too: theirs is copied to such a panel, and the bits that the copy drops are
/// then none that matter.
fn dithered([red, green, blue]: [f64; 3], x: i32, y: i32) -> [u8; 3] {
    /// Ordered dithering (B. E. Bayer, 1973), 4 by 4.
    const ORDER: [[u8; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
    let threshold = (f64::from(ORDER[(y & 3) as usize][(x & 3) as usize]) + 0.5) / 16.0;
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

    #[test]
    fn lines_and_their_ends() {
        let distance = |x, y| segment((x, y), (0.0, 0.0), (2.0, 0.0));
        assert!((distance(1.0, 3.0) - 3.0).abs() < 1e-9);
        assert!((distance(-3.0, 4.0) - 5.0).abs() < 1e-9);
        assert!((distance(5.0, 4.0) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn lines_are_broken_between_words() {
        let broken = |text, room| broken(text, |line: &str| line.len() <= room);
        assert_eq!(broken("one two three", 7), ["one two", "three"]);
        assert_eq!(broken("one two", 2), ["one", "two"]);
        assert_eq!(broken("  ", 2), [""; 0]);
    }

    #[test]
    fn lines_are_about_equally_long() {
        let balanced = |text, room| balanced(text, room, |line| line.len() as f32);
        assert_eq!(
            balanced("The lamp can be set when it is back", 32.0),
            ["The lamp can be set", "when it is back"]
        );
        assert_eq!(balanced("one line", 9.0), ["one line"]);
        assert_eq!(balanced("unbreakable", 5.0), ["unbreakable"]);
        assert_eq!(balanced("", 5.0), [""; 0]);
    }

    #[test]
    fn every_letter_that_the_program_shows_is_in_the_font() {
        let font = FontRef::try_from_slice(FONT).unwrap();
        for letter in (' '..='~').chain("äöüßéèñ–—‘’“”…".chars()) {
            assert_ne!(font.glyph_id(letter).0, 0, "{letter}");
        }
    }
}
