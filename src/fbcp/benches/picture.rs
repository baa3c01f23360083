// SPDX-License-Identifier: GPL-3.0-or-later
//! What finding changes and making pictures costs on one core, beside the least that any program could do: comparing
//! and copying the memory. Printed, not judged: absolute figures are those of the machine that runs it.

#![allow(dead_code, unused_imports, reason = "the program's modules are taken whole")]

#[path = "../src/cli.rs"]
mod cli;
#[path = "../src/fit.rs"]
mod fit;
#[path = "../src/picture.rs"]
mod picture;
#[cfg(test)]
#[path = "../src/reference.rs"]
mod reference;

use std::convert::Infallible;
use std::hint::black_box;
use std::time::{Duration, Instant};

use framebuffer::{Geometry, Turn};

use cli::Fit;
use picture::{Manner, Picture};

/// How long each figure is measured.
const TIME: Duration = Duration::from_secs(1);

fn main() {
    let plain = Manner { turn: Turn::None, fit: Fit::Contain, dither: false };
    let dithered = Manner { dither: true, ..plain };
    let turned = Manner { turn: Turn::Quarter, ..plain };
    for (source, target, name, manner) in [
        ("1280x800x32", "320x240xbgr565", "", plain),
        ("1280x800x32", "320x240xbgr565", ", dithered", dithered),
        ("1280x800x32", "240x320xbgr565", ", turned", turned),
        ("240x320x16", "240x320x16", "", plain),
        ("240x320x32", "240x320xbgr565", "", plain),
    ] {
        println!("{source} to {target}{name}");
        let (from, to) = (source.parse().expect("a geometry"), target.parse().expect("a geometry"));
        measure(&from, &to, manner);
    }
}

fn measure(source: &Geometry, target: &Geometry, manner: Manner) {
    let noise = |seed| -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..source.visible_bytes()).map(|_| random.u8(..)).collect()
    };
    let frames = [noise(1), noise(2)];
    let mut screen = vec![0; target.visible_bytes()];
    let mut picture = Picture::new(source, target, manner).expect("geometries");
    let mut show = |frame: &[u8]| {
        picture.take_source(0, frame);
        let stored = picture.store_changes(|y, row| {
            screen[y * row.len()..][..row.len()].copy_from_slice(row);
            Ok::<(), Infallible>(())
        });
        stored.expect("memory takes everything")
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

/// Mean time of a call.
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
