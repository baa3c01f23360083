// SPDX-License-Identifier: GPL-3.0-or-later
//! One picture of the scene in a PNG file, drawn without any device.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::Context;
use lamp::state::LampState;

use crate::face::Face;

/// Draws the scene with `state` at `size` pixels into `path`.
pub fn write(path: &Path, size: (u32, u32), state: &LampState) -> anyhow::Result<()> {
    let mut face = Face::new(size, |_, _, _| {})?;
    face.show(Some(state));
    face.draw();
    let pixels: Vec<u8> = face
        .rows(face.whole())
        .flat_map(|(_, row)| row.iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]))
        .collect();
    let write = || -> anyhow::Result<()> {
        let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), size.0, size.1);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
