// SPDX-License-Identifier: GPL-3.0-or-later
//! Writes an image of the scene to a PNG file, without any device.

use std::io;
use std::path::Path;

use anyhow::Context;
use lamp::state::LampState;
use system_files::write_output;

use crate::model::Notice;
use crate::view::View;
use programs::lamp_ui::Page;

/// Example facts.
const EXAMPLE: [(&str, &str); 7] = [
    ("Version", "1.2.3"),
    ("Wi-Fi", "192.168.178.101"),
    ("Ethernet", "none"),
    ("Device", "b827eb08451e"),
    ("Broker", "connected"),
    ("Bridge", "up"),
    ("LEDs", "driven"),
];

/// Draws a page of the scene with `state` at `size` pixels and writes it to `path`.
pub(crate) fn write(path: &Path, size: (u32, u32), page: Page, state: &LampState) -> anyhow::Result<()> {
    let mut view = View::new(size, |_, _, _| {})?;
    view.show(match page {
        Page::Connecting => Err(Notice::Connecting),
        Page::Waiting => Err(Notice::Waiting),
        Page::Away => Err(Notice::ServiceAway),
        Page::Controls | Page::Association | Page::Status => Ok(state),
    });
    if page == Page::Association {
        view.show_code(Some("3f9a2c"));
    }
    if page == Page::Status {
        view.show_facts(Some(&EXAMPLE.map(|(label, value)| (label.to_owned(), value.to_owned()))));
    }
    view.draw();
    let pixels: Vec<u8> = view.pixels().iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
    let shown = path.display();
    let png = encode(size, &pixels).with_context(|| format!("cannot create the PNG file {shown}"))?;
    write_output(path, &png).with_context(|| format!("cannot write {shown}"))
}

fn encode((width, height): (u32, u32), rgb: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut png = png::Encoder::new(&mut bytes, width, height);
    png.set_color(png::ColorType::Rgb);
    png.set_depth(png::BitDepth::Eight);
    png.write_header()?.write_image_data(rgb)?;
    Ok(bytes)
}
