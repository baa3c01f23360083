// SPDX-License-Identifier: GPL-3.0-or-later
//! Every page at every shape of screen, held against pictures that were looked at; and whether its text can be read.
//!
//! With `LAMPI_NEW_PICTURES` set, what is drawn becomes the pictures.

use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{Mosquitto, PATIENCE, Process, QoS, Witness, wait_for};

const PAGES: [&str; 5] = ["controls", "connecting", "away", "association", "status"];
const SIZES: [&str; 5] = ["240x320", "320x240", "480x320", "480x800", "1280x800"];

/// The lamp on the pictures: warm, and neither full nor dark.
const STATE: &str = r#"{"color": {"h": 0.08, "s": 0.85}, "brightness": 0.7, "on": true, "client": ""}"#;

/// How far a channel may be off, and how many pixels of a thousand may be further off: what another processor's
/// arithmetic may change at the edges of letters.
const TOLERANCE: u8 = 12;
const OUTLIERS: f64 = 1.0;

/// Least contrast of normal text (WCAG 2.2, success criterion 1.4.3, level AA).
const LEAST_CONTRAST: f64 = 4.5;

type Picture = (u32, u32, Vec<[u8; 3]>);

fn kept(page: &str, size: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/pictures/{page}-{size}.png"))
}

fn draw(page: &str, size: &str, state: &str, file: &Path) {
    let status = Command::new(env!("CARGO_BIN_EXE_lamp_ui"))
        .args(["--size", size, "--page", page, "--state", state, "--snapshot"])
        .arg(file)
        .status()
        .expect("lamp_ui starts");
    assert!(status.success(), "{page} {size}");
}

fn read(path: &Path) -> Picture {
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().expect("a PNG file");
    let mut bytes = vec![0; reader.output_buffer_size().expect("a small picture")];
    let info = reader.next_frame(&mut bytes).expect("a whole picture");
    let pixels = bytes.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    (info.width, info.height, pixels)
}

#[test]
fn every_page_looks_as_it_should_on_every_screen() {
    let folder = tempfile::tempdir().unwrap();
    for (page, size) in PAGES.iter().flat_map(|page| SIZES.map(|size| (page, size))) {
        let kept = kept(page, size);
        if std::env::var_os("LAMPI_NEW_PICTURES").is_some() {
            draw(page, size, STATE, &kept);
        }
        let drawn = folder.path().join("drawn.png");
        draw(page, size, STATE, &drawn);
        let ((width, height, drawn), (kept_width, kept_height, kept)) = (read(&drawn), read(&kept));
        assert_eq!((width, height), (kept_width, kept_height));
        let outliers = outliers(&drawn, &kept);
        assert!(outliers <= OUTLIERS, "{page} at {size}: {outliers:.1} pixels of a thousand differ");
    }
}

/// How many pixels of a thousand are far off.
fn outliers(drawn: &[[u8; 3]], kept: &[[u8; 3]]) -> f64 {
    let far = |(one, other): &(&[u8; 3], &[u8; 3])| {
        one.iter().zip(*other).any(|(one, other)| one.abs_diff(*other) > TOLERANCE)
    };
    drawn.iter().zip(kept).filter(far).count() as f64 * 1000.0 / drawn.len() as f64
}

#[test]
fn every_page_looks_as_it_should_in_every_turn() {
    // Of the status page there are kept pictures of examples alone.
    for (turn, page) in [0, 90, 180, 270]
        .into_iter()
        .flat_map(|turn| ["connecting", "controls", "away"].map(|page| (turn, page)))
    {
        let folder = tempfile::tempdir().unwrap();
        let framebuffer = folder.path().join("fb");
        std::fs::write(&framebuffer, vec![0; 240 * 320 * 4]).unwrap();
        std::fs::write(folder.path().join("config.ini"), format!("[graphics]\nrotation = {turn}\n")).unwrap();
        let broker = Mosquitto::start();
        let witness = Witness::connect(broker.port(), &[]);
        let address = if page == "connecting" { "localhost:1" } else { &broker.address() };
        let mut call = Command::new(env!("CARGO_BIN_EXE_lamp_ui"));
        call.env("KIVY_HOME", folder.path()).args(["--geometry", "240x320x32", "--broker", address]);
        call.arg("--touch").arg(folder.path().join("none")).arg("--framebuffer").arg(&framebuffer);
        let _ui = Process::start(&mut call, "lampi");
        let service = if page == "away" { "0" } else { "1" };
        witness.publish_with("lamp/connection/lamp_service/state", QoS::ExactlyOnce, true, service);
        witness.publish_with("lamp/changed", QoS::AtLeastOnce, true, STATE);

        let upright = turn % 180 == 0;
        let (width, height, kept) = read(&kept(page, if upright { "240x320" } else { "320x240" }));
        let (width, height) = (width as usize, height as usize);
        wait_for(&format!("{page} turned by {turn} degrees"), PATIENCE, || {
            let bytes = std::fs::read(&framebuffer).ok()?;
            let mut drawn = Vec::new();
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                // Counter-clockwise, as Kivy turns.
                let (left, top) = match turn {
                    0 => (x, y),
                    90 => (y, width - 1 - x),
                    180 => (width - 1 - x, height - 1 - y),
                    _ => (height - 1 - y, x),
                };
                let pixel = &bytes[(top * 240 + left) * 4..];
                drawn.push([pixel[2], pixel[1], pixel[0]]);
            }
            (outliers(&drawn, &kept) <= OUTLIERS).then_some(())
        });
    }
}

#[test]
fn a_picture_that_differs_is_noticed() {
    // The measure above is no good if another colour of the lamp passes it.
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.png");
    draw("controls", "240x320", &STATE.replace("0.08", "0.12"), &other);
    let ((_, _, other), (_, _, kept)) = (read(&other), read(&kept("controls", "240x320")));
    let differing =
        other.iter().zip(&kept).filter(|(one, other)| one[1].abs_diff(other[1]) > TOLERANCE).count();
    assert!(differing as f64 * 1000.0 / other.len() as f64 > OUTLIERS);
}

/// Relative luminance as WCAG defines it.
fn luminance(color: [u8; 3]) -> f64 {
    let linear = color.map(|channel| {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

#[test]
fn text_can_be_read() {
    // Where on a screen of 240 by 320 each text stands: page, upper and lower row. The background is what most pixels
    // have there, the text what is the furthest from it.
    for (page, top, bottom) in [
        ("connecting", 240, 265),
        ("connecting", 268, 310),
        ("away", 240, 265),
        ("away", 268, 310),
        ("association", 55, 90),
        ("association", 96, 140),
        ("association", 155, 210),
        ("association", 225, 270),
        ("status", 12, 42),
        ("status", 48, 72),
        ("status", 292, 316),
    ] {
        let (width, _, pixels) = read(&kept(page, "240x320"));
        let rows = &pixels[top * width as usize..bottom * width as usize];
        let middle = |from: usize, to: usize| rows.chunks(width as usize).flat_map(move |row| &row[from..to]);
        // Labels of the status page stand at the left, their values at the right.
        for (from, to) in
            if page == "status" && top == 48 { vec![(14, 100), (110, 226)] } else { vec![(16, 224)] }
        {
            let mut shades: Vec<f64> = middle(from, to).map(|pixel| luminance(*pixel)).collect();
            shades.sort_by(f64::total_cmp);
            let (background, text) = (shades[shades.len() / 4], shades[shades.len() - 1]);
            let contrast = (text + 0.05) / (background + 0.05);
            assert!(contrast >= LEAST_CONTRAST, "{page}, rows {top} to {bottom}: {contrast:.1}");
        }
    }
}
