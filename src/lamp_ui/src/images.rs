// SPDX-License-Identifier: GPL-3.0-or-later
//! Images that the renderer cannot draw.
//!
//! Each is drawn for its exact size in pixels, so that it is sharp on every screen.

mod gradients;
mod icons;
mod text;

use slint::{Image, Rgba8Pixel, SharedPixelBuffer};

pub(crate) use gradients::{brightness_track, hue_track, light, saturation_track};
pub(crate) use icons::{power_icon, sun_icon};
pub(crate) use text::text;

/// White pixels with an opacity; the scene colours them.
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

/// The coverage of a pixel by an area with its edge `distance` pixels from the pixel's centre.
fn coverage(distance: f64) -> f64 {
    (0.5 - distance).clamp(0.0, 1.0)
}
