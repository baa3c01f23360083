// SPDX-License-Identifier: GPL-3.0-or-later
//! What a framebuffer shows, as a PNG file.

use std::io;
use std::path::Path;

use anyhow::Context;
use framebuffer::{Decoder, Surface};

/// Writes what `surface` shows now to `file`. If that fails, `file` is what it was.
pub fn take(surface: &Surface, file: &Path) -> anyhow::Result<()> {
    let geometry = surface.geometry();
    let mut rows = vec![0; geometry.visible_bytes()];
    surface.read_rows(0, &mut rows)?;
    let mut rgb = vec![[0; 3]; geometry.width() * geometry.height()];
    Decoder::new(geometry.format()).decode(&rows, &mut rgb);
    let shown = file.display();
    let png = encode(geometry.width(), geometry.height(), rgb.as_flattened())
        .with_context(|| format!("the picture for {shown} cannot be made"))?;
    // Beside it first, so that a full disk leaves no half of a picture.
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let new = Path::new(&name);
    std::fs::write(new, png)
        .and_then(|()| std::fs::rename(new, file))
        .inspect_err(|_| {
            let _ = std::fs::remove_file(new);
        })
        .with_context(|| format!("cannot write {shown}"))
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
