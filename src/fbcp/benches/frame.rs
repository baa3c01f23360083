// SPDX-License-Identifier: GPL-3.0-or-later
//! Measures, on one core, the cost of detecting changes and making frames, compared with comparing and
//! copying the memory; the time on the wire of an SPI panel; and the program's memory. Prints the figures
//! without judging them; absolute figures depend on the machine.

#![allow(dead_code, unused_imports, reason = "the program's modules are included whole")]

#[path = "../src/fit.rs"]
mod fit;
#[path = "../src/frame.rs"]
mod frame;
#[cfg(test)]
#[path = "../src/reference.rs"]
mod reference;

use std::convert::Infallible;
use std::hint::black_box;
use std::ops::Range;
use std::process::Command;
use std::time::{Duration, Instant};

use framebuffer::{Geometry, Rotation};
use test_support::{PATIENCE, Process, wait_for};

use frame::{Frame, RenderOptions};
use programs::fbcp::Fit;

/// The duration of each measurement.
const TIME: Duration = Duration::from_secs(1);

fn main() {
    let plain = RenderOptions { rotation: Rotation::None, fit: Fit::Contain, dither: false };
    let dithered = RenderOptions { dither: true, ..plain };
    let turned = RenderOptions { rotation: Rotation::Clockwise90, ..plain };
    for (source, target, name, options) in [
        ("1280x800x32", "320x240xbgr565", "", plain),
        ("1280x800x32", "320x240xbgr565", ", dithered", dithered),
        ("1280x800x32", "240x320xbgr565", ", turned", turned),
        ("240x320x16", "240x320x16", "", plain),
        ("240x320x32", "240x320xbgr565", "", plain),
    ] {
        println!("{source} to {target}{name}");
        let (from, to) = (source.parse().expect("a geometry"), target.parse().expect("a geometry"));
        measure(&from, &to, options);
        if name.is_empty() {
            play(&from, &to, options);
            memory(&from, &to, [source, target]);
        }
    }
}

fn measure(source: &Geometry, target: &Geometry, options: RenderOptions) {
    let noise = |seed| -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..source.visible_bytes()).map(|_| random.u8(..)).collect()
    };
    let frames = [noise(1), noise(2)];
    let mut screen = vec![0; target.visible_bytes()];
    let mut frame = Frame::new(source, target, options).expect("geometries");
    let mut show = |pixels: &[u8]| {
        frame.take_source(0, pixels);
        let stored = frame.store_changes(|y, row| {
            screen[y * row.len()..][..row.len()].copy_from_slice(row);
            Ok::<(), Infallible>(())
        });
        stored.expect("memory accepts everything")
    };

    let motion = time(|step| {
        black_box(show(&frames[step % 2]));
    });
    let mut copy = vec![0; source.visible_bytes()];
    let memcpy = time(|step| copy.copy_from_slice(black_box(&frames[step % 2])));
    row("every pixel changes", motion, memcpy, "memcpy");

    show(&frames[0]);
    let same = frames[0].clone();
    let still = time(|_| assert_eq!(black_box(show(&same)), (0, 0)));
    let memcmp = time(|_| assert!(black_box(&frames[0]) == black_box(&same)));
    row("nothing changes", still, memcmp, "memcmp");
}

/// The mean time of a call.
fn time(mut call: impl FnMut(usize)) -> Duration {
    let start = Instant::now();
    let mut calls = 0;
    while start.elapsed() < TIME {
        call(calls as usize);
        calls += 1;
    }
    start.elapsed() / calls
}

fn row(what: &str, ours: Duration, other: Duration, name: &str) {
    let (ours, other) = (ours.as_secs_f64(), other.as_secs_f64());
    println!(
        "  {what:<20} {:>9.3} ms, {:>8.0} frames/s, {:>7.2} times {name}",
        ours * 1000.0,
        1.0 / ours,
        ours / other
    );
}

/// Frames a second, as many as the driver of a lamp's panel sends.
const RATE: usize = 30;

/// The duration in seconds.
const SECONDS: usize = 10;

/// Plays typical content of lamps, consoles and films. Prints the cost of a second: processor time, compared
/// with copying whole frames of the source, and time on the wire.
fn play(source: &Geometry, target: &Geometry, options: RenderOptions) {
    let (width, height) = (source.width(), source.height());
    for (name, areas) in [
        ("still", vec![]),
        ("cursor", vec![(width / 10..width / 10 + 8, height / 4..height / 4 + 16)]),
        // The thumb's rows, and the strip and toggle below, which take its colour.
        ("slider", vec![(0..width, height / 5..height / 3), (0..width, height * 2 / 3..height * 3 / 4)]),
        ("video", vec![(0..width, 0..height)]),
    ] {
        let mut frame = Frame::new(source, target, options).expect("geometries");
        let mut pixels = vec![0; source.visible_bytes()];
        let mut random = fastrand::Rng::with_seed(1);
        let (mut busy, mut stored, mut sent) = (Duration::ZERO, 0, 0);
        for step in 0..=RATE * SECONDS {
            // A cursor blinks twice a second; the rest changes with each frame.
            if name != "cursor" || step % (RATE / 2) == 0 {
                let pixel = source.format().bytes_per_pixel();
                for (columns, rows) in &areas {
                    let color = [random.u8(..), random.u8(..), random.u8(..), 0];
                    for y in rows.clone() {
                        let row =
                            &mut pixels[y * source.row_bytes()..][columns.start * pixel..columns.end * pixel];
                        for place in row.chunks_mut(pixel) {
                            place.copy_from_slice(&color[..pixel]);
                        }
                    }
                }
            }
            let mut rows: Option<Range<usize>> = None;
            let start = Instant::now();
            frame.take_source(0, &pixels);
            let (_, bytes) = frame
                .store_changes(|y, row| {
                    black_box(row);
                    rows = Some(rows.as_ref().map_or(y, |rows| rows.start)..y + 1);
                    Ok::<(), Infallible>(())
                })
                .expect("nothing fails");
            // The first frame stores everything and does not count.
            if step > 0 {
                busy += start.elapsed();
                stored += bytes;
                sent += rows.map_or(0, |rows| sent_bytes(target, rows));
            }
        }
        let mut copy = vec![0; pixels.len()];
        let memcpy = time(|_| copy.copy_from_slice(black_box(&pixels)));
        let busy = busy.as_secs_f64() / SECONDS as f64;
        println!(
            "  {name:<6} {:>7.2} ms of a processor in a second, {:>6.2} times memcpy; {:>8} bytes stored; wire {}",
            busy * 1000.0,
            busy / (memcpy.as_secs_f64() * RATE as f64),
            stored / SECONDS,
            [32.0, 64.0]
                .map(|mhz| {
                    // In milliseconds: for the sent bytes, and for those that a copier without memory sends.
                    let time = |bytes: usize| bytes as f64 * 8.0 / (mhz * 1000.0);
                    let all = time(target.visible_bytes() * RATE).min(1000.0);
                    let ours = time(sent / SECONDS).min(all);
                    format!("at {mhz} MHz {ours:>5.0} ms, {:>5.0} ms saved", all - ours)
                })
                .join(", ")
        );
    }
}

/// The bytes that fbtft sends after `rows` were stored: from the first to the last row in a touched page of
/// memory.
fn sent_bytes(target: &Geometry, rows: Range<usize>) -> usize {
    const PAGE: usize = 4096;
    let row = target.row_bytes();
    let first = rows.start * row / PAGE * PAGE / row;
    let last = ((rows.end * row).div_ceil(PAGE) * PAGE - 1) / row;
    (last.min(target.height() - 1) + 1 - first) * row
}

/// The program's peak memory after copying a frame.
fn memory(source: &Geometry, target: &Geometry, [source_text, target_text]: [&str; 2]) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_fbcp"));
    command.args(["--stats", "--console", "keep"]);
    for (side, shape, text, fill) in
        [("source", source, source_text, 0x33), ("target", target, target_text, 0x55)]
    {
        let path = directory.path().join(side);
        std::fs::write(&path, vec![fill; shape.visible_bytes()]).expect("written");
        command.arg(format!("--{side}")).arg(path).args([&format!("--{side}-geometry"), text]);
    }
    let copier = Process::start(&mut command, "fbcp");
    wait_for("the picture", PATIENCE, || {
        let shown = std::fs::read(directory.path().join("target")).expect("read");
        (shown.last() != Some(&0x55)).then_some(())
    });
    let status = std::fs::read_to_string(format!("/proc/{}/status", copier.pid())).expect("it runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line for it");
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().expect("a number of kB");
    let shadows = source.visible_bytes() + target.visible_bytes();
    println!(
        "  peak memory {:.2} MB, of which {:.2} MB are the two pictures\n",
        peak as f64 / 1024.0,
        shadows as f64 / 1_048_576.0
    );
}
