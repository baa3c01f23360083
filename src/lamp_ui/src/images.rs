// SPDX-License-Identifier: GPL-3.0-or-later
//! Images that the renderer cannot draw by itself.
//!
//! Each is made for the exact number of pixels it covers, so that it is sharp on every screen.

mod gradients;
mod icons;
mod text;

use slint::{Image, Rgba8Pixel, SharedPixelBuffer};

pub(crate) use gradients::{brightness_track, hue_track, light, saturation_track};
pub(crate) use icons::{power_icon, sun_icon};
pub(crate) use text::text;

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

/// How much of a pixel lies inside an edge that is `distance` pixels away from its middle.
fn coverage(distance: f64) -> f64 {
    (0.5 - distance).clamp(0.0, 1.0)
}
