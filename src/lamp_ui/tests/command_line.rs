// SPDX-License-Identifier: GPL-3.0-or-later
//! Exit status and output of `lamp_ui`, and its PNG files.

use std::path::Path;
use std::process::{Command, Output};

fn lamp_ui(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lamp_ui")).args(arguments).output().expect("lamp_ui starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Width, height and the pixels.
fn picture(path: &Path) -> (u32, u32, Vec<u8>) {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("the picture is there"));
    let mut reader = png::Decoder::new(file).read_info().expect("a PNG file");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a small picture")];
    let info = reader.next_frame(&mut pixels).expect("a whole picture");
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    (info.width, info.height, pixels)
}

#[test]
fn help_and_version() {
    let help = lamp_ui(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    for option in ["--framebuffer", "--geometry", "--touch", "--broker", "--snapshot", "--size", "--state"] {
        assert!(text(&help.stdout).contains(option), "{option} is not in the help");
    }
    // Every supported key of the Kivy configuration.
    for key in [
        "mtdev",
        "hidinput",
        "probesysfs",
        "min_position_x",
        "max_position_y",
        "min_abs_x",
        "max_abs_y",
        "invert_x",
        "invert_y",
        "match=",
        "use_regex",
        "provider=",
        "param=",
        "rotation",
        "maxfps",
        "show_cursor",
        "log_level",
        "jitter_distance",
        "ignore",
        "KCFG_",
        "KIVY_HOME",
        "KIVY_NO_CONFIG",
        "KIVY_USE_DEFAULTCONFIG",
        "KIVY_NO_ENV_CONFIG",
    ] {
        assert!(text(&help.stdout).contains(key), "{key} is not in the help");
    }
    let version = lamp_ui(&["--version"]);
    assert_eq!(
        (version.status.code(), text(&version.stdout)),
        (Some(0), format!("lamp_ui {}\n", env!("CARGO_PKG_VERSION")))
    );
}

#[cfg(not(feature = "desktop"))]
#[test]
fn the_packaged_program_has_no_windows() {
    let refused = lamp_ui(&["--window"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("--features desktop"), "{}", text(&refused.stderr));
    assert!(!text(&lamp_ui(&["--help"]).stdout).contains("--window"));
}

#[test]
fn reports_usage_errors_in_a_sentence() {
    for (arguments, reason) in [
        (&["--colour"] as &[&str], "--colour"),
        (&["--broker", "localhost"], "it must be HOST:PORT"),
        (&["--broker", ":1883"], "the host is missing"),
        (&["--broker", "localhost:0"], "the port must be from 1 to 65535"),
        (&["--broker", "::1:1883"], "an IPv6 address needs brackets, as in [::1]:8888"),
        (&["--geometry", "240x320"], "--geometry"),
        (&["--geometry", "0x320x16"], "--geometry"),
        (&["--snapshot", "a.png", "--size", "240"], "as in 240x320"),
        (&["--snapshot", "a.png", "--size", "0x320"], "as in 240x320"),
        (&["--snapshot", "a.png", "--state", "{}"], "client is missing"),
        (&["--size", "240x320"], "--snapshot"),
        (&["--state", "{}"], "--snapshot"),
        (&["picture.png"], "picture.png"),
    ] {
        let refused = lamp_ui(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {}", text(&refused.stderr));
        assert!(text(&refused.stderr).contains(reason), "{arguments:?}: {}", text(&refused.stderr));
        assert!(refused.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_snapshot_needs_only_a_writable_path() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lamp.png");
    let made = lamp_ui(&["--snapshot", file.to_str().unwrap()]);
    assert_eq!((made.status.code(), text(&made.stderr)), (Some(0), String::new()));
    let (width, height, pixels) = picture(&file);
    assert_eq!((width, height), (240, 320));
    let strip = (218 * 240 + 120) * 3;
    assert_eq!(pixels[strip..strip + 3], [255, 0, 0], "a new lamp is red");

    let state = r#"{"color": {"h": 0.5, "s": 1.0}, "brightness": 0.5, "on": false, "client": ""}"#;
    let made = lamp_ui(&["--snapshot", file.to_str().unwrap(), "--size", "681x701", "--state", state]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let (width, height, pixels) = picture(&file);
    assert_eq!((width, height), (681, 701));
    for corner in [0, 680] {
        assert_eq!(pixels[corner * 3..corner * 3 + 3], [16, 16, 24], "the scene reaches column {corner}");
    }
}

#[test]
fn a_snapshot_that_cannot_be_written_is_an_error() {
    let failed = lamp_ui(&["--snapshot", "/nonexistent/lamp.png"]);
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(
        text(&failed.stderr),
        "lamp_ui: cannot write /nonexistent/lamp.png: cannot access /nonexistent: No such file or directory (os error 2)\n"
    );
}
