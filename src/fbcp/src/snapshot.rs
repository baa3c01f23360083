// SPDX-License-Identifier: GPL-3.0-or-later
//! What a framebuffer shows, as a PNG file.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context;
use framebuffer::{Decoder, Surface};
use system_files::Access;

/// Directories in which the kernel has devices and the files that a program has open.
const DEVICES: [&str; 3] = ["/dev", "/dev/fd", "/proc/self/fd"];

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
    write(file, &png).with_context(|| format!("cannot write {shown}"))
}

fn write(file: &Path, png: &[u8]) -> anyhow::Result<()> {
    let is_device =
        file.parent().is_some_and(|directory| DEVICES.iter().any(|path| directory == Path::new(path)));
    if is_device && fs::metadata(file).is_ok_and(|metadata| !metadata.is_file()) {
        // A device, or /dev/stdout, takes the picture and is not replaced by it.
        return Ok(fs::write(file, png)?);
    }
    // The file that a link leads to, if there is one, and not the link. fbcp is root's program: in the directory of a user,
    // that user may have made the link, and it is refused.
    let place = system_files::resolved(file)?;
    if place.is_special() {
        return Ok(place.write_into(png)?);
    }
    // Beside it first, so that a full disk leaves no half of a picture.
    Ok(place.write_anywhere(png, Access::of_caller(0o644))?)
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
