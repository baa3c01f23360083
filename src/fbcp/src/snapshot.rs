// SPDX-License-Identifier: GPL-3.0-or-later
//! What a framebuffer shows, as a PNG file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use framebuffer::{Decoder, Surface};

/// Writes what `surface` shows now to `file`. If that fails, a regular file is what it was.
pub fn take(surface: &Surface, file: &Path) -> anyhow::Result<()> {
    let geometry = surface.geometry();
    let mut rows = vec![0; geometry.visible_bytes()];
    surface.read_rows(0, &mut rows)?;
    let mut rgb = vec![[0; 3]; geometry.width() * geometry.height()];
    Decoder::new(geometry.format()).decode(&rows, &mut rgb);
    let shown = file.display();
    let png = encode(geometry.width(), geometry.height(), rgb.as_flattened())
        .with_context(|| format!("the picture for {shown} cannot be made"))?;
    write(file, &png).with_context(|| format!("cannot write {shown}"))
}

fn write(file: &Path, png: &[u8]) -> io::Result<()> {
    if fs::metadata(file).is_ok_and(|metadata| !metadata.is_file()) {
        // A pipe, or /dev/stdout, takes the picture and is not replaced by it.
        return fs::write(file, png);
    }
    // The file that a link leads to, if there is one, and not the link.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    // Beside it first, so that a full disk leaves no half of a picture. Made anew, because what somebody else has put there
    // may lead elsewhere.
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let new = Path::new(&name);
    let _ = fs::remove_file(new);
    File::create_new(new)?.write_all(png).and_then(|()| fs::rename(new, &file)).inspect_err(|_| {
        let _ = fs::remove_file(new);
    })
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
