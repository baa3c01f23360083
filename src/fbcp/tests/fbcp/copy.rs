// SPDX-License-Identifier: GPL-3.0-or-later
//! The pixels that reach the target, and those that must not.

use std::fs;

use test_support::{PATIENCE, Process, wait_for};

use crate::stand_in::{
    BGR565, BGR888, Format, Pixels, RGB565, RGB888, StandIn, XBGR8888, XRGB8888, fbcp, noise, start,
};

/// The colours of a frame after conversion to a format.
fn seen(format: Format, frame: &Pixels) -> Pixels {
    frame.iter().map(|row| row.iter().map(|rgb| format.seen(*rgb)).collect()).collect()
}

#[test]
fn copies_every_pixel_with_all_formats_and_strides() {
    let size = (37, 23);
    for (from, to, padding) in [
        (RGB565, RGB565, 0),
        (RGB565, BGR565, 3),
        (XRGB8888, RGB565, 1),
        (XRGB8888, BGR565, 5),
        (XBGR8888, RGB888, 2),
        (BGR888, XRGB8888, 7),
        (BGR565, XBGR8888, 13),
        (XRGB8888, XRGB8888, 3),
        (RGB888, BGR888, 1),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let source = StandIn::new(directory.path(), "source", size, from).padded(padding, 5 * padding);
        let target = StandIn::new(directory.path(), "target", size, to).padded(2 * padding + 1, 3);
        let frame = noise(size.0, size.1, 1);
        source.create(&frame);
        target.create_untouched();
        let mut copier = start(&source, &target);
        target.await_frame(&seen(from, &frame));
        let other = noise(size.0, size.1, 2);
        for (y, row) in other.iter().enumerate() {
            source.draw_row(y, row);
        }
        target.await_frame(&seen(from, &other));
        assert_eq!(copier.terminate().code(), Some(0));
        target.await_frame(&seen(from, &other));
    }
}

#[test]
fn a_larger_source_is_averaged_between_black_bars() {
    let directory = tempfile::tempdir().expect("a directory");
    let source = StandIn::new(directory.path(), "source", (1280, 800), XRGB8888).padded(64, 0);
    let target = StandIn::new(directory.path(), "target", (320, 240), BGR565).padded(8, 0);
    let frame = noise(1280, 800, 3);
    source.create(&frame);
    target.create_untouched();
    let _copier = start(&source, &target);

    let mut expected = vec![vec![[0; 3]; 320]; 240];
    for (y, row) in expected[20..220].iter_mut().enumerate() {
        for (x, mean) in row.iter_mut().enumerate() {
            for (color, mean) in mean.iter_mut().enumerate() {
                let block = frame[4 * y..][..4].iter().flat_map(|row| &row[4 * x..][..4]);
                let sum: u32 = block.map(|rgb| u32::from(rgb[color])).sum();
                *mean = ((sum + 8) / 16) as u8;
            }
        }
    }
    target.await_frame(&expected);
}

/// Bytes that a process has read and written by system calls, as counted by the kernel. For files, fbcp uses
/// no other way.
fn bytes_moved(process: &Process) -> (u64, u64) {
    let io = fs::read_to_string(format!("/proc/{}/io", process.pid())).expect("the kernel's count");
    let count = |name: &str| {
        let line = io.lines().find_map(|line| line.strip_prefix(name)).expect("a line for it");
        line.trim().parse().expect("a number")
    };
    (count("rchar:"), count("wchar:"))
}

/// Waits until fbcp has polled its whole source some more times.
fn await_polls(process: &Process, source: &StandIn, polls: u64) {
    let frame = (source.width * source.height * 2) as u64;
    let (before, _) = bytes_moved(process);
    wait_for("fbcp polls the source", PATIENCE, || {
        (bytes_moved(process).0 >= before + polls * frame).then_some(())
    });
}

#[test]
fn a_still_screen_stores_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let source = StandIn::new(directory.path(), "source", (64, 48), RGB565);
    let target = StandIn::new(directory.path(), "target", (64, 48), BGR565);
    let mut frame = noise(64, 48, 4);
    source.create(&frame);
    target.create_untouched();
    let copier = Process::start(fbcp(&source, &target).args(["--fps", "100"]), "fbcp");
    target.await_frame(&seen(RGB565, &frame));

    // More polls than fbcp makes at full rate before it slows down.
    let (_, stored) = bytes_moved(&copier);
    await_polls(&copier, &source, 210);
    assert_eq!(bytes_moved(&copier).1, stored);

    // The first change is detected, and only that is stored.
    frame[17] = noise(64, 1, 5).remove(0);
    source.draw_row(17, &frame[17]);
    target.await_frame(&seen(RGB565, &frame));
    await_polls(&copier, &source, 2);
    assert_eq!(bytes_moved(&copier).1, stored + 128);
}

#[test]
fn stores_only_changed_rows() {
    let directory = tempfile::tempdir().expect("a directory");
    let source = StandIn::new(directory.path(), "source", (30, 20), XRGB8888).padded(4, 8);
    let target = StandIn::new(directory.path(), "target", (30, 20), RGB565).padded(2, 0);
    let frame = noise(30, 20, 6);
    source.create(&frame);
    target.create_untouched();
    let copier = start(&source, &target);
    target.await_frame(&frame);

    // Stored and unstored bytes are visible from here, on top of the scribble.
    let mut scribble = noise(30, 20, 7);
    for (y, row) in scribble.iter().enumerate() {
        target.draw_row(y, row);
    }
    let changes = noise(30, 20, 8);
    for y in [11, 0, 19] {
        source.draw_row(y, &changes[y]);
        scribble[y].clone_from(&changes[y]);
        target.await_frame(&scribble);
    }
    await_polls(&copier, &source, 4);
    target.await_frame(&scribble);
}
