// SPDX-License-Identifier: GPL-3.0-or-later
//! Real framebuffer devices. `tests/run framebuffers` runs this as root on a machine with such devices and a
//! running `fbcp`; `cargo test` does not run it by itself.
//!
//!     devices damage COUNT    changes /dev/fb0 at random; /dev/fb1 must show exactly the result
//!     devices fill RRGGBB     fills /dev/fb0 and waits until /dev/fb1 shows it with black bars
//!     devices play WHAT       draws on /dev/fb0 for 10 s, for a benchmark: still, cursor, slider or video
//!
//! It computes averages and pixels independently, one pixel at a time.

use std::time::{Duration, Instant};

use framebuffer::{Access, Geometry, Surface};

/// The maximum delay of a change on an emulated machine.
const PATIENCE: Duration = Duration::from_secs(30);

struct Devices {
    source: Surface,
    target: Surface,
    /// The content of the source.
    canvas: Vec<[u8; 3]>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, target] = [("/dev/fb0", Access::ReadWrite), ("/dev/fb1", Access::Read)]
        .map(|(path, access)| Surface::open(path.as_ref(), access, None).expect(path));
    let pixels = source.geometry().width() * source.geometry().height();
    let mut devices = Devices { source, target, canvas: vec![[0; 3]; pixels] };
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["damage", count] => devices.damage(count.parse().expect("a number")),
        ["fill", color] => {
            let color = u32::from_str_radix(color, 16).expect("a colour");
            let [_, r, g, b] = color.to_be_bytes();
            devices.fill([r, g, b]);
        }
        ["play", what] => devices.play(what),
        _ => panic!("devices damage COUNT, devices fill RRGGBB, or devices play WHAT"),
    }
}

impl Devices {
    fn damage(&mut self, count: usize) {
        let (from, to) = (*self.source.geometry(), *self.target.geometry());
        let block = from.width() / to.width();
        let bar = (to.height() - from.height() / block) / 2;
        assert!(from.width() == block * to.width() && from.height().is_multiple_of(block), "{from}, {to}");
        self.fill([0; 3]);
        let mut expected = vec![0; to.visible_bytes()];
        let mut random = fastrand::Rng::with_seed(7);
        let start = Instant::now();
        for step in 0..count {
            // From a pixel to a large part of the screen, random or in one colour.
            let most = [1, 8, 64, 400][random.usize(0..4)];
            let (width, height) = (random.usize(1..=most), random.usize(1..=most));
            let (left, top) =
                (random.usize(0..from.width() - width), random.usize(0..from.height() - height));
            let color = random.bool().then(|| [random.u8(..), random.u8(..), random.u8(..)]);
            for y in top..top + height {
                for x in left..left + width {
                    self.canvas[y * from.width() + x] =
                        color.unwrap_or_else(|| [random.u8(..), random.u8(..), random.u8(..)]);
                }
                self.draw(y, left, width);
            }
            for y in top / block..(top + height).div_ceil(block) {
                for x in left / block..(left + width).div_ceil(block) {
                    let mut sum = [0; 3];
                    for row in self.canvas.chunks(from.width()).skip(y * block).take(block) {
                        for rgb in &row[x * block..][..block] {
                            for (sum, value) in sum.iter_mut().zip(rgb) {
                                *sum += u32::from(*value);
                            }
                        }
                    }
                    let area = (block * block) as f64;
                    let mean = sum.map(|sum| (f64::from(sum) / area + 0.5) as u8);
                    let place = (bar + y) * to.row_bytes() + x * to.format().bytes_per_pixel();
                    put(&to, mean, &mut expected[place..]);
                }
            }
            self.await_target(&expected, &format!("change {step}, {width}x{height} at {left},{top}"));
        }
        println!("{count} changes shown exactly, in {:.1} s", start.elapsed().as_secs_f64());
    }

    /// Draws like lamps, consoles and films, 30 times a second.
    fn play(&mut self, what: &str) {
        let (width, height) = (self.source.geometry().width(), self.source.geometry().height());
        let start = Instant::now();
        // A slow machine skips frames, as a film does.
        while start.elapsed() < Duration::from_secs(10) {
            let step = (start.elapsed().as_millis() * 30 / 1000) as usize;
            let light = |on: bool| if on { [255; 3] } else { [0; 3] };
            match what {
                "still" => {}
                // Twice a second, 8x16 pixels.
                "cursor" => self.rectangle([100, 100, 8, 16], light((step / 15).is_multiple_of(2))),
                // A thumb that moves back and forth, and the strip in its colour.
                "slider" => {
                    let x = 100 + (step * 7) % (width - 300);
                    self.rectangle([80, 300, width - 160, 100], [64; 3]);
                    self.rectangle([x, 300, 100, 100], [255; 3]);
                    self.rectangle([80, 420, width - 160, 40], [(step % 256) as u8, 128, 0]);
                }
                "video" => {
                    self.rectangle([0, 0, width, height], [step as u8, (step * 3) as u8, 255 - step as u8]);
                }
                _ => panic!("still, cursor, slider or video"),
            }
            let next = start + Duration::from_secs(1) * (step as u32 + 1) / 30;
            // The frame rate; nothing reports it.
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    /// Draws without the canvas, for speed.
    fn rectangle(&mut self, [left, top, width, height]: [usize; 4], color: [u8; 3]) {
        let geometry = *self.source.geometry();
        let bytes = geometry.format().bytes_per_pixel();
        let mut row = vec![0; width * bytes];
        for pixel in row.chunks_mut(bytes) {
            put(&geometry, color, pixel);
        }
        for y in top..top + height {
            self.source.store(left, y, &row).expect("stored");
        }
    }

    fn fill(&mut self, color: [u8; 3]) {
        let (from, to) = (*self.source.geometry(), *self.target.geometry());
        self.canvas.fill(color);
        for y in 0..from.height() {
            self.draw(y, 0, from.width());
        }
        let height = (from.height() * to.width() + from.width() / 2) / from.width();
        let bar = (to.height() - height) / 2;
        let mut expected = vec![0; to.visible_bytes()];
        for y in bar..bar + height {
            for x in 0..to.width() {
                put(&to, color, &mut expected[y * to.row_bytes() + x * to.format().bytes_per_pixel()..]);
            }
        }
        self.await_target(&expected, &format!("{color:?}"));
    }

    /// Stores a part of a row of the canvas.
    fn draw(&mut self, y: usize, left: usize, width: usize) {
        let geometry = *self.source.geometry();
        let bytes = geometry.format().bytes_per_pixel();
        let mut row = vec![0; width * bytes];
        let colors = &self.canvas[y * geometry.width() + left..][..width];
        for (rgb, pixel) in colors.iter().zip(row.chunks_mut(bytes)) {
            put(&geometry, *rgb, pixel);
        }
        self.source.store(left, y, &row).expect("stored");
    }

    #[track_caller]
    fn await_target(&self, expected: &[u8], what: &str) {
        let mut shown = vec![0; expected.len()];
        let start = Instant::now();
        loop {
            self.target.read_rows(0, &mut shown).expect("read");
            if shown == expected {
                return;
            }
            let place = shown.iter().zip(expected).position(|(shown, expected)| shown != expected);
            assert!(start.elapsed() < PATIENCE, "{what}: byte {place:?} differs");
            std::thread::yield_now();
        }
    }
}

/// The pixel of a colour, from the driver's bitfields.
fn put(geometry: &Geometry, rgb: [u8; 3], pixel: &mut [u8]) {
    let mut bits = 0_u32;
    for (field, value) in geometry.format().colors().iter().zip(rgb) {
        let max = f64::from((1_u32 << field.length) - 1);
        bits |= ((f64::from(value) / 255.0 * max).round() as u32) << field.offset;
    }
    let bytes = geometry.format().bytes_per_pixel();
    pixel[..bytes].copy_from_slice(&bits.to_le_bytes()[..bytes]);
}
