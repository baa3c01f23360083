// SPDX-License-Identifier: GPL-3.0-or-later
//! What a framebuffer shows, as a PNG file.

use std::io;
use std::path::Path;

use anyhow::Context;
use framebuffer::{Decoder, Surface};
use system_files::write_output;

/// Writes what `surface` shows now to `file`. If that fails, a regular file is what it was.
pub(crate) fn take(surface: &Surface, file: &Path) -> anyhow::Result<()> {
    let geometry = surface.geometry();
    let mut rows = vec![0; geometry.visible_bytes()];
    surface.read_rows(0, &mut rows)?;
    let mut rgb = vec![[0; 3]; geometry.width() * geometry.height()];
    Decoder::new(geometry.format()).decode(&rows, &mut rgb);
    let shown = file.display();
    let png = encode(geometry.width(), geometry.height(), rgb.as_flattened())
        .with_context(|| format!("the picture for {shown} cannot be made"))?;
    // fbcp is root's program: a link in the directory of a user may be that user's, and is refused.
    write_output(file, &png).with_context(|| format!("cannot write {shown}"))
}

fn encode(width: usize, height: usize, rgb: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // No side is longer than MAX_SIDE.
    let mut png = png::Encoder::new(&mut bytes, width as u32, height as u32);
    png.set_color(png::ColorType::Rgb);
    png.set_depth(png::BitDepth::Eight);
    png.write_header()?.write_image_data(rgb)?;
    Ok(bytes)
}
