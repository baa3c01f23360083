// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi doctor` on a lamp without faults, and on lamps with one fault each.
//!
//! `tests/doctor/healthy` is the root directory of a lamp without faults. A directory in
//! `tests/doctor/broken` has a shell script `break`, which runs in a copy of it, and a file `expected`: all
//! findings that are not `ok`, with their fixes. If lampi can fix something itself, `mended` contains what it
//! reports, which files are new (+), changed (~) and gone (-), and the findings that remain. To add a case,
//! add a directory; `LAMPI_TEST_RENEW=yes` writes the files. In the copies, Supervisor's socket is that of a
//! real supervisord, and `@BROKER@` and `@PIGPIOD@` are the ports of a real mosquitto and a real pigpiod.

#[path = "doctor/attacks.rs"]
mod attacks;
#[path = "doctor/live.rs"]
mod live;
#[path = "doctor/support.rs"]
mod support;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Doctor, Lamp, Peers};

fn cases() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor/broken");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// What is wrong with a case, if anything.
fn complaint(case: &Path, peers: &Peers) -> Option<String> {
    let name = case.file_name().unwrap().to_string_lossy();
    let lamp = Lamp::new(peers);
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor/lib.sh");
    let mut shell = Command::new("sh");
    let broken = shell.arg("-eu").arg(case.join("break")).current_dir(lamp.root()).env("LIB", lib).status();
    assert!(broken.unwrap().success(), "{name} cannot be broken");
    lamp.start();

    let Doctor { status, complaints, output } = lamp.doctor(peers);
    let right_status = if complaints.contains("problem ") {
        1
    } else if complaints.contains("warning ") {
        3
    } else {
        0
    };
    let mut wrong = differs(&case.join("expected"), &complaints);
    if status != right_status {
        let _ = writeln!(wrong, "the status is {status}");
    }
    if output.contains("lampi doctor --fix") {
        wrong.push_str(&differs(&case.join("mended"), &mended(&lamp, peers)));
    }
    (!wrong.is_empty()).then(|| format!("{name}:\n{wrong}"))
}

/// The result of `doctor --fix`.
fn mended(lamp: &Lamp, peers: &Peers) -> String {
    let before = lamp.files();
    let mut told = lamp.fix(peers);
    let after = lamp.files();
    for (path, what) in &after {
        let sign = if before.contains_key(path) { '~' } else { '+' };
        if before.get(path) != Some(what) {
            let _ = writeln!(told, "{sign} {path}");
        }
    }
    for path in before.keys().filter(|path| !after.contains_key(*path)) {
        let _ = writeln!(told, "- {path}");
    }
    told + &lamp.doctor(peers).complaints
}

/// The difference between a file's expected content and the text.
fn differs(file: &Path, found: &str) -> String {
    if std::env::var_os("LAMPI_TEST_RENEW").is_some() {
        fs::write(file, found).unwrap();
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    if expected == found { String::new() } else { format!("expected\n{expected}found\n{found}") }
}

#[test]
fn finds_nothing_on_a_healthy_lamp() {
    let peers = Peers::start();
    let lamp = Lamp::new(&peers);
    lamp.start();
    let found = lamp.doctor(&peers);
    assert_eq!((found.complaints.as_str(), found.status), ("", 0), "{}", found.output);
    assert!(found.output.ends_with("\nNothing is wrong.\n"), "{}", found.output);
    // A lamp that does not run, such as a card in a reader, is checked by its files only.
    fs::remove_dir_all(lamp.root().join("proc")).unwrap();
    let found = lamp.doctor(&peers);
    assert_eq!((found.complaints.as_str(), found.status), ("", 0), "{}", found.output);
    assert!(!found.output.contains(" answers at "), "{}", found.output);
}

#[test]
fn finds_and_fixes_every_break() {
    let peers = Peers::start();
    let complaints: Vec<String> = cases().iter().filter_map(|case| complaint(case, &peers)).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
