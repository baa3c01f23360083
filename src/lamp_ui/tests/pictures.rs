// SPDX-License-Identifier: GPL-3.0-or-later
//! Compares every page at every screen shape with reference PNG files, and checks the contrast of text.
//!
//! With `LAMPI_TEST_RENEW` set, the drawn pages replace the PNG files.

mod rig;

use std::path::{Path, PathBuf};
use std::process::Command;

use rig::TouchDevice;
use rig::place::{POWER, SLIDERS, along};
use tempfile::TempDir;
use test_support::{Mosquitto, MqttObserver, PATIENCE, Process, QoS, wait_for};

/// Reference PNG files in every size, by name: page and lamp state.
const PICTURES: [(&str, &str, &str); 7] = [
    ("controls", "controls", STATE),
    ("off", "controls", OFF),
    ("connecting", "connecting", STATE),
    ("waiting", "waiting", STATE),
    ("away", "away", STATE),
    ("association", "association", STATE),
    ("status", "status", STATE),
];
const SIZES: [&str; 5] = ["240x320", "320x240", "480x320", "480x800", "1280x800"];

/// The lamp's state on the pictures: warm, and neither full nor dark.
const STATE: &str = r#"{"color": {"h": 0.08, "s": 0.85}, "brightness": 0.7, "on": true, "client": ""}"#;
const OFF: &str = r#"{"color": {"h": 0.08, "s": 0.85}, "brightness": 0.7, "on": false, "client": ""}"#;

/// The tolerance of a channel, and the number of pixels in a thousand that may exceed it: what another
/// processor's arithmetic may change at the edges of letters.
const TOLERANCE: u8 = 12;
const OUTLIERS: f64 = 1.0;

/// The minimum contrast of normal text (WCAG 2.2, success criterion 1.4.3, level AA).
const LEAST_CONTRAST: f64 = 4.5;

type Picture = (u32, u32, Vec<[u8; 3]>);

fn kept(name: &str, size: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/pictures/{name}-{size}.png"))
}

/// Whether the drawn pages replace the PNG files.
fn is_to_be_kept() -> bool {
    std::env::var_os("LAMPI_TEST_RENEW").is_some()
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
fn every_page_matches_its_reference_on_every_screen() {
    let directory = tempfile::tempdir().unwrap();
    for ((name, page, state), size) in PICTURES.iter().flat_map(|picture| SIZES.map(|size| (picture, size))) {
        let kept = kept(name, size);
        if is_to_be_kept() {
            draw(page, size, state, &kept);
        }
        let drawn = directory.path().join("drawn.png");
        draw(page, size, state, &drawn);
        let ((width, height, drawn), (kept_width, kept_height, kept)) = (read(&drawn), read(&kept));
        assert_eq!((width, height), (kept_width, kept_height));
        let outliers = outliers(&drawn, &kept);
        assert!(outliers <= OUTLIERS, "{name} at {size}: {outliers:.1} pixels of a thousand differ");
    }
}

/// The number of pixels in a thousand that exceed the tolerance.
fn outliers(drawn: &[[u8; 3]], kept: &[[u8; 3]]) -> f64 {
    let far = |(one, other): &(&[u8; 3], &[u8; 3])| {
        one.iter().zip(*other).any(|(one, other)| one.abs_diff(*other) > TOLERANCE)
    };
    drawn.iter().zip(kept).filter(far).count() as f64 * 1000.0 / drawn.len() as f64
}

/// A running `lamp_ui` on a screen of 240 by 320 pixels of 32 bits.
struct RunningUi {
    turn: usize,
    framebuffer: PathBuf,
    touch: TouchDevice,
    _ui: Process,
    _directory: TempDir,
}

impl RunningUi {
    /// `turn` is in degrees counter-clockwise, as in Kivy.
    fn start(turn: usize, broker: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let framebuffer = directory.path().join("fb");
        std::fs::write(&framebuffer, vec![0; 240 * 320 * 4]).unwrap();
        std::fs::write(directory.path().join("config.ini"), format!("[graphics]\nrotation = {turn}\n"))
            .unwrap();
        let touch = TouchDevice::make(&directory.path().join("touch"));
        let mut call = Command::new(env!("CARGO_BIN_EXE_lamp_ui"));
        call.env("KIVY_HOME", directory.path()).args(["--geometry", "240x320x32", "--broker", broker]);
        call.arg("--touch").arg(directory.path().join("touch")).arg("--framebuffer").arg(&framebuffer);
        let ui = Process::start(&mut call, "lampi");
        Self { turn, framebuffer, touch, _ui: ui, _directory: directory }
    }

    /// The visible picture, upright.
    fn seen(&self, width: usize, height: usize) -> Vec<[u8; 3]> {
        let bytes = std::fs::read(&self.framebuffer).unwrap();
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixels = places.map(|(x, y)| {
            let (left, top) = match self.turn {
                0 => (x, y),
                90 => (y, width - 1 - x),
                180 => (width - 1 - x, height - 1 - y),
                _ => (height - 1 - y, x),
            };
            let pixel = &bytes[(top * 240 + left) * 4..];
            [pixel[2], pixel[1], pixel[0]]
        });
        pixels.collect()
    }

    /// Waits until it matches the reference.
    fn await_picture(&self, name: &str) {
        let (width, height, kept) =
            read(&kept(name, if self.turn.is_multiple_of(180) { "240x320" } else { "320x240" }));
        wait_for(&format!("{name}, turned by {} degrees", self.turn), PATIENCE, || {
            (outliers(&self.seen(width as usize, height as usize), &kept) <= OUTLIERS).then_some(())
        });
    }
}

/// Publishes a state like `lamp_service`.
fn publish_state(observer: &MqttObserver, state: &str) {
    observer.publish_with("lamp/connection/lamp_service/state", QoS::ExactlyOnce, true, "1");
    observer.publish_with("lamp/changed", QoS::AtLeastOnce, true, state);
}

#[test]
fn every_page_matches_its_reference_in_every_rotation() {
    for turn in [0, 90, 180, 270] {
        RunningUi::start(turn, "localhost:1").await_picture("connecting");

        let broker = Mosquitto::start();
        let observer = MqttObserver::connect(broker.port(), &[]);
        let screen = RunningUi::start(turn, &broker.address());
        screen.await_picture("waiting");
        observer.publish_with("lamp/connection/lamp_service/state", QoS::ExactlyOnce, true, "0");
        screen.await_picture("away");
        publish_state(&observer, STATE);
        screen.await_picture("controls");
        publish_state(&observer, OFF);
        screen.await_picture("off");
        // The references of the status page have only example facts.
        let code = r#"{"associated": false, "code": "3f9a2c41d07b5e8899aabbccddeeff00"}"#;
        observer.publish_with("lamp/associated", QoS::ExactlyOnce, true, code);
        screen.await_picture("association");
    }
}

#[test]
fn a_held_control_looks_held() {
    let broker = Mosquitto::start();
    let observer = MqttObserver::connect(broker.port(), &[]);
    let mut screen = RunningUi::start(0, &broker.address());
    publish_state(&observer, STATE);
    screen.await_picture("controls");
    // At the thumb, so that nothing moves.
    screen.touch.down((along(0.08), SLIDERS[0]));
    screen.await_held("slider-held");
    screen.touch.up();
    screen.await_picture("controls");
    // A finger that rests on the toggle would open the status page.
    screen.touch.down(POWER);
    screen.touch.to((POWER.0 + 20, POWER.1));
    screen.await_held("toggle-held");
    screen.touch.up();
    screen.await_picture("off");
}

impl RunningUi {
    /// Waits until it matches the reference, which is renewed here: snapshots have no finger.
    fn await_held(&self, name: &str) {
        if is_to_be_kept() {
            self.touch.await_read();
            // No event reports that the frame was drawn.
            std::thread::sleep(std::time::Duration::from_millis(500));
            let bytes = self.seen(240, 320).concat();
            let file = std::fs::File::create(kept(name, "240x320")).unwrap();
            let mut encoder = png::Encoder::new(file, 240, 320);
            encoder.set_color(png::ColorType::Rgb);
            encoder.write_header().unwrap().write_image_data(&bytes).unwrap();
        }
        self.await_picture(name);
    }
}

#[test]
fn the_comparison_detects_differences() {
    // The comparison must detect another colour of the lamp.
    let directory = tempfile::tempdir().unwrap();
    let other = directory.path().join("other.png");
    draw("controls", "240x320", &STATE.replace("0.08", "0.12"), &other);
    let ((_, _, other), (_, _, kept)) = (read(&other), read(&kept("controls", "240x320")));
    let differing =
        other.iter().zip(&kept).filter(|(one, other)| one[1].abs_diff(other[1]) > TOLERANCE).count();
    assert!(differing as f64 * 1000.0 / other.len() as f64 > OUTLIERS);
    // It must detect every other state and page.
    let names = PICTURES.map(|(name, ..)| name);
    for (one, other) in names.iter().flat_map(|one| names.map(|other| (*one, other))) {
        let pictures = [one, other].map(|name| read(&self::kept(name, "240x320")).2);
        assert_eq!(outliers(&pictures[0], &pictures[1]) > OUTLIERS, one != other, "{one} and {other}");
    }
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
fn text_has_enough_contrast() {
    // The position of each text on a screen of 240 by 320: page, upper and lower row. The background is the
    // most frequent colour there; the text is the colour furthest from it.
    for (page, top, bottom) in [
        ("connecting", 240, 265),
        ("connecting", 268, 310),
        ("waiting", 240, 265),
        ("waiting", 268, 310),
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
        // Labels of the status page are at the left, values at the right.
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
