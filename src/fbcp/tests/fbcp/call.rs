// SPDX-License-Identifier: GPL-3.0-or-later
//! Calls that end at once: help, usage errors and failures.

use std::fs;
use std::process::{Command, Output};

use crate::stand_in::{RGB565, StandIn, fbcp};

fn call(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fbcp")).args(arguments).output().expect("fbcp runs")
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn prints_help_and_version_on_stdout() {
    let version = call(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    assert_eq!(text(&version.stdout), format!("fbcp {}\n", env!("CARGO_PKG_VERSION")));
    assert!(version.stderr.is_empty());

    let help = call(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    for part in ["--source <PATH>", "/dev/fb0", "--target <PATH>", "/dev/fb1", "--fps <NUMBER>", "SIGTERM"] {
        assert!(text(&help.stdout).contains(part), "{part}");
    }
}

#[test]
fn reports_usage_errors_on_stderr_with_status_2() {
    for (arguments, part) in [
        (&["--fps", "0"][..], "0 is not in 1..=1000"),
        (&["--fps", "many"], "invalid digit"),
        (&["--sauce", "/dev/fb0"], "unexpected argument '--sauce'"),
        (&["/dev/fb0"], "unexpected argument '/dev/fb0'"),
        (&["--source-geometry", "320x240"], "--source-geometry: `320x240` is not a geometry; write WIDTHx"),
        (&["--rotate", "45"], "possible values: 0, 90, 180, 270"),
        (&["--once", "--stats"], "cannot be used with"),
        (&["--of", "target"], "--snapshot <FILE>"),
        (&["--target-geometry", "320x240x16:1"], "--target-geometry: a stride of 1 bytes is shorter"),
    ] {
        let output = call(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(part), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }
}

/// Expects status 1 and one sentence, which it returns.
fn failure(command: &mut Command) -> String {
    let output = command.output().expect("fbcp runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let stderr = text(&output.stderr).to_owned();
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("fbcp: "), "{stderr}");
    stderr
}

#[test]
fn reports_framebuffers_that_cannot_be_copied_with_status_1() {
    let directory = tempfile::tempdir().expect("a directory");
    let source = StandIn::new(directory.path(), "source", (4, 4), RGB565);
    let target = StandIn::new(directory.path(), "target", (4, 4), RGB565);
    source.create_untouched();
    target.create_untouched();
    let program = env!("CARGO_BIN_EXE_fbcp");

    let no_geometry = failure(Command::new(program).arg("--source").arg(&source.path));
    assert!(no_geometry.contains("source is a file, not a framebuffer device; give its geometry"));

    let no_framebuffer = failure(Command::new(program).args(["--source", "/dev/null"]));
    assert!(no_framebuffer.contains("/dev/null is not a framebuffer"), "{no_framebuffer}");

    let a_directory = failure(Command::new(program).arg("--source").arg(directory.path()));
    assert!(a_directory.contains("is neither a framebuffer device nor a file"), "{a_directory}");

    let the_same = failure(&mut fbcp(&source, &source));
    assert!(the_same.contains("are the same framebuffer"), "{the_same}");

    fs::write(&target.path, [0; 31]).expect("cut short");
    let too_short = failure(&mut fbcp(&source, &target));
    assert!(
        too_short.contains("target has 31 bytes, but 4x4, 16 bits per pixel, stride 8 needs 32"),
        "{too_short}"
    );
    assert_eq!(target.bytes(), [0; 31]);
}
