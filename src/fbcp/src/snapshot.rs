// SPDX-License-Identifier: GPL-3.0-or-later
//! Writes a framebuffer's frame to a PNG file.

use std::io;
use std::path::Path;

use anyhow::Context;
use framebuffer::{Decoder, Surface};
use system_files::write_output;

/// Writes the frame of `surface` to `file`. On an error, a regular file keeps its content.
pub(crate) fn take(surface: &Surface, file: &Path) -> anyhow::Result<()> {
    let geometry = surface.geometry();
    let mut rows = vec![0; geometry.visible_bytes()];
    surface.read_rows(0, &mut rows)?;
    let mut rgb = vec![[0; 3]; geometry.width() * geometry.height()];
    Decoder::new(geometry.format()).decode(&rows, &mut rgb);
    let shown = file.display();
    let png = encode(geometry.width(), geometry.height(), rgb.as_flattened())
        .with_context(|| format!("cannot create the PNG file {shown}"))?;
    // fbcp runs as root: a link in a user's directory may belong to that user and is rejected.
    write_output(file, &png).with_context(|| format!("cannot write {shown}"))
}

fn encode(width: usize, height: usize, rgb: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // No side exceeds MAX_SIDE.
    let mut png = png::Encoder::new(&mut bytes, width as u32, height as u32);
    png.set_color(png::ColorType::Rgb);
    png.set_depth(png::BitDepth::Eight);
    png.write_header()?.write_image_data(rgb)?;
    Ok(bytes)
}
