// SPDX-License-Identifier: GPL-3.0-or-later
//! The effect of the options.

use std::fs;
use std::path::Path;

use test_support::Signal;

use crate::stand_in::{BGR565, Pixels, RGB565, StandIn, XRGB8888, fbcp, noise, start};

/// Copies `frame` once with `options`, and returns the target's colours from a snapshot.
fn shown(frame: &Pixels, format: crate::stand_in::Format, size: (usize, usize), options: &[&str]) -> Pixels {
    let directory = tempfile::tempdir().expect("a directory");
    let source = StandIn::new(directory.path(), "source", (frame[0].len(), frame.len()), XRGB8888);
    let target = StandIn::new(directory.path(), "target", size, format).padded(4, 2);
    source.create(frame);
    target.create_untouched();
    let copied = fbcp(&source, &target).arg("--once").args(options).output().expect("fbcp runs");
    assert!(copied.status.success(), "{copied:?}");
    snapshot(&source, &target, "target")
}

/// The frame of one side, by --snapshot.
fn snapshot(source: &StandIn, target: &StandIn, side: &str) -> Pixels {
    let file = source.path.with_extension("png");
    let taken =
        fbcp(source, target).args(["--of", side, "--snapshot"]).arg(&file).output().expect("fbcp runs");
    assert!(taken.status.success() && taken.stderr.is_empty(), "{taken:?}");
    read(&file)
}

fn read(file: &Path) -> Pixels {
    let decoder = png::Decoder::new(std::io::BufReader::new(fs::File::open(file).expect("open")));
    let mut reader = decoder.read_info().expect("a PNG file");
    let mut bytes = vec![0; reader.output_buffer_size().expect("it fits memory")];
    let info = reader.next_frame(&mut bytes).expect("a picture");
    assert_eq!(info.color_type, png::ColorType::Rgb);
    bytes.as_chunks::<3>().0.chunks(info.width as usize).map(<[_]>::to_vec).collect()
}

fn mapped(
    frame: &Pixels,
    (width, height): (usize, usize),
    from: impl Fn(usize, usize) -> (usize, usize),
) -> Pixels {
    (0..height)
        .map(|y| {
            (0..width)
                .map(|x| {
                    let (x, y) = from(x, y);
                    frame[y][x]
                })
                .collect()
        })
        .collect()
}

#[test]
fn rotates_the_frame_clockwise() {
    let (w, h) = (7, 5);
    let frame = noise(w, h, 1);
    let turned = |size, degrees| shown(&frame, XRGB8888, size, &["--rotate", degrees]);
    assert_eq!(turned((w, h), "0"), frame);
    assert_eq!(turned((h, w), "90"), mapped(&frame, (h, w), |x, y| (y, h - 1 - x)));
    assert_eq!(turned((w, h), "180"), mapped(&frame, (w, h), |x, y| (w - 1 - x, h - 1 - y)));
    assert_eq!(turned((h, w), "270"), mapped(&frame, (h, w), |x, y| (w - 1 - y, x)));
}

#[test]
fn fits_another_shape_as_requested() {
    // Each pixel is twice as large on the target, so that no colours are mixed.
    let frame = noise(6, 2, 2);
    let black = [0; 3];
    let contained = shown(&frame, XRGB8888, (12, 12), &[]);
    assert_eq!(contained[4..8], mapped(&frame, (12, 4), |x, y| (x / 2, y / 2)));
    assert!(contained[..4].iter().chain(&contained[8..]).flatten().all(|rgb| *rgb == black));
    let covered = shown(&frame, XRGB8888, (8, 8), &["--fit", "cover"]);
    assert_eq!(covered, mapped(&frame, (8, 8), |x, y| (2 + x / 4, y / 4)));
    let stretched = shown(&frame, XRGB8888, (6, 6), &["--fit", "stretch"]);
    assert_eq!(stretched, mapped(&frame, (6, 6), |x, y| (x, y / 3)));
}

#[test]
fn dithering_shows_intermediate_colours() {
    let grey = vec![vec![[131; 3]; 16]; 16];
    let plain = shown(&grey, RGB565, (16, 16), &[]);
    assert!(plain.iter().flatten().all(|rgb| *rgb == RGB565.seen([131; 3])));
    let dithered = shown(&grey, RGB565, (16, 16), &["--dither", "ordered"]);
    let colors: std::collections::BTreeSet<_> = dithered.iter().flatten().collect();
    assert!(colors.len() > 1, "{colors:?}");
    let mean = dithered.iter().flatten().map(|rgb| f64::from(rgb[0])).sum::<f64>() / 256.0;
    assert!((mean - 131.0).abs() < 0.6, "{mean}");
}

/// A frame that shows mistakes: gradients, thin strokes in all directions, and a marked corner.
fn chart() -> Pixels {
    let (width, height) = (96, 64);
    (0..height)
        .map(|y| {
            (0..width)
                .map(|x| match (x, y) {
                    (0..8, 0..8) => [255, 0, 0],
                    (_, 0 | 63) | (0 | 95, _) => [255; 3],
                    (_, 8..16) => [(x * 255 / 95) as u8; 3],
                    (_, 16..24) => [0, (x * 255 / 95) as u8, 255 - (x * 255 / 95) as u8],
                    _ if x == y || x + y == 95 || (x % 6 == 0 && y > 48) => [255, 255, 0],
                    _ => [16, 16, 48],
                })
                .collect()
        })
        .collect()
}

#[test]
fn frames_match_the_reference_images() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for (name, format, size, options) in [
        ("plain", XRGB8888, (96, 64), &[][..]),
        ("panel", RGB565, (96, 64), &["--dither", "ordered"]),
        ("small", BGR565, (32, 24), &["--dither", "ordered"]),
        ("large", XRGB8888, (240, 240), &["--rotate", "90"]),
        ("cover", XRGB8888, (48, 64), &["--fit", "cover", "--rotate", "180"]),
        ("stretch", XRGB8888, (64, 96), &["--fit", "stretch", "--rotate", "270"]),
    ] {
        let frame = shown(&chart(), format, size, options);
        let file = golden.join(name).with_extension("png");
        if !file.exists() || read(&file) != frame {
            let found = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).with_extension("png");
            let directory = tempfile::tempdir().expect("a directory");
            let stand_in = StandIn::new(directory.path(), "found", size, XRGB8888);
            stand_in.create(&frame);
            let other = StandIn::new(directory.path(), "other", size, XRGB8888);
            fs::write(&found, "").expect("written");
            let taken = fbcp(&stand_in, &other).arg("--snapshot").arg(&found).status().expect("fbcp runs");
            assert!(taken.success());
            panic!("{} differs from {}; compare both", found.display(), file.display());
        }
    }
}

#[test]
fn snapshots_of_both_sides_are_complete_or_absent() {
    let directory = tempfile::tempdir().expect("a directory");
    let source = StandIn::new(directory.path(), "source", (5, 4), XRGB8888).padded(3, 9);
    let target = StandIn::new(directory.path(), "target", (4, 3), BGR565);
    let frame = noise(5, 4, 3);
    source.create(&frame);
    target.create_untouched();
    assert_eq!(snapshot(&source, &target, "source"), frame);
    // Also of a target that another fbcp writes to.
    let _copier = start(&source, &target);
    assert_eq!(snapshot(&source, &target, "target").len(), 3);

    let nowhere = directory.path().join("none/picture.png");
    let failed = fbcp(&source, &target).arg("--snapshot").arg(&nowhere).output().expect("fbcp runs");
    assert_eq!(failed.status.code(), Some(1));
    let sentence = String::from_utf8(failed.stderr).expect("UTF-8");
    assert!(
        sentence.starts_with(&format!("fbcp: cannot write {}: ", nowhere.display()))
            && sentence.contains("No such file"),
        "{sentence}"
    );

    let unchanged = fs::read(source.path.with_extension("png")).expect("read");
    let link = directory.path().join("link.png");
    std::os::unix::fs::symlink(source.path.with_extension("png"), &link).expect("linked");
    let taken = |of: &str, file: &str| {
        fbcp(&source, &target).args(["--of", of, "--snapshot", file]).output().expect("fbcp runs")
    };
    assert!(taken("source", link.to_str().expect("UTF-8")).status.success());
    assert!(link.is_symlink(), "the link's target is written, not the link");
    assert_ne!(fs::read(source.path.with_extension("png")).expect("read"), unchanged);

    // Devices and pipes receive the frame or an error, and are not replaced.
    let piped = taken("source", "/dev/stdout");
    assert!(piped.status.success());
    assert_eq!(piped.stdout, fs::read(&link).expect("read"));
    let full = taken("source", "/dev/full");
    assert_eq!(full.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&full.stderr),
        "fbcp: cannot write /dev/full: No space left on device (os error 28)\n"
    );
    assert!(!Path::new("/dev/full").metadata().expect("it is there").is_file());
    let in_a_device = taken("source", "/dev/full/picture.png");
    assert_eq!(in_a_device.status.code(), Some(1));
    let left = fs::read_dir(directory.path()).expect("a directory").flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("new")), "{left:?}");
}

#[test]
fn a_snapshot_follows_no_link_of_another_user() {
    let directory = tempfile::tempdir().expect("a directory");
    let source = StandIn::new(directory.path(), "source", (5, 4), RGB565);
    let target = StandIn::new(directory.path(), "target", (5, 4), RGB565);
    source.create(&noise(5, 4, 1));
    target.create_untouched();
    // Other users can write here, so they may have created the link.
    let (theirs, secret) = (directory.path().join("theirs"), directory.path().join("secret"));
    fs::create_dir(&theirs).expect("made");
    fs::write(&secret, "secret").expect("written");
    std::os::unix::fs::symlink(&secret, theirs.join("link.png")).expect("linked");
    std::os::unix::fs::symlink(directory.path(), theirs.join("folder")).expect("linked");
    fs::set_permissions(&theirs, std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("opened");
    for path in ["link.png", "folder/secret"] {
        let file = theirs.join(path);
        let refused = fbcp(&source, &target).arg("--snapshot").arg(&file).output().expect("fbcp runs");
        let sentence = String::from_utf8(refused.stderr).expect("UTF-8");
        assert_eq!(refused.status.code(), Some(1), "{path}: {sentence}");
        assert!(
            sentence.contains("is a symbolic link that another user may have created"),
            "{path}: {sentence}"
        );
        assert_eq!(fs::read(&secret).expect("read"), b"secret", "{path}");
    }
    // A new file is safe there.
    let taken =
        fbcp(&source, &target).arg("--snapshot").arg(theirs.join("new.png")).status().expect("fbcp runs");
    assert!(taken.success() && theirs.join("new.png").is_file());
}

#[test]
fn the_target_can_be_left_black() {
    let directory = tempfile::tempdir().expect("a directory");
    let source = StandIn::new(directory.path(), "source", (5, 4), RGB565);
    let target = StandIn::new(directory.path(), "target", (5, 4), RGB565).padded(2, 2);
    let frame = vec![vec![[255, 255, 0]; 5]; 4];
    source.create(&frame);
    target.create_untouched();
    let mut command = fbcp(&source, &target);
    let mut copier = test_support::Process::start(command.args(["--at-end", "blank"]), "fbcp");
    target.await_frame(&frame);
    assert!(copier.terminate().success());
    target.await_frame(&vec![vec![[0; 3]; 5]; 4]);
}

#[test]
fn statistics_are_logged_on_request() {
    let directory = tempfile::tempdir().expect("a directory");
    let source = StandIn::new(directory.path(), "source", (5, 4), RGB565);
    let target = StandIn::new(directory.path(), "target", (5, 4), RGB565);
    source.create(&noise(5, 4, 1));
    let mut command = fbcp(&source, &target);
    let mut copier = test_support::Process::start(command.arg("--stats"), "fbcp");
    // Also while there is no target.
    copier.await_log("waiting", 1);
    copier.signal(Signal::SIGUSR1);
    copier.await_log(" s: 0 polls, 0 frames stored in 0 rows of 0 bytes, ", 1);
    target.create_untouched();
    copier.await_log("copying", 1);
    while !copier.log().iter().any(|line| line.contains("1 frames stored in 4 rows of 40 bytes, ")) {
        copier.signal(Signal::SIGUSR1);
        std::thread::yield_now();
    }
    assert!(copier.terminate().success());
    let log = copier.log();
    assert!(log[log.len() - 2].contains("1 frames stored in 4 rows"), "{log:?}");
}

/// Xvfb keeps its screen in a file in XWD format: a real X server that draws when its clients do.
#[test]
fn shows_a_window_of_an_x_program() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = test_support::Xvfb::start("320x240x16");
    // A header of 160 bytes and 64 colours of 12 bytes precede the pixels.
    let source = StandIn::new(server.directory(), "Xvfb_screen0", (320, 240), RGB565).padded(0, 928);
    let target = StandIn::new(directory.path(), "target", (320, 240), BGR565);
    target.create_untouched();
    let _copier = start(&source, &target);
    target.await_frame(&vec![vec![[0; 3]; 320]; 240]);
    let mut program = std::process::Command::new("xlogo");
    program.args(["-fg", "red", "-bg", "blue", "-geometry", "160x120+40+30"]);
    let mut program = test_support::Process::start(program.env("DISPLAY", server.display()), "x11-apps");
    let shows = |count: usize| {
        test_support::wait_for("the window on the target", test_support::PATIENCE, || {
            let frame = snapshot(&source, &target, "target");
            let [red, blue] = [[255, 0, 0], [0, 0, 255]]
                .map(|color| frame.iter().flatten().filter(|rgb| **rgb == color).count());
            (red > count && blue > count || count == 0 && red + blue == 0).then_some(())
        });
    };
    shows(1000);
    program.terminate();
    shows(0);
}
