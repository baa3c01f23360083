// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi doctor` on a lamp that is well, and on lamps that were broken in one way each.
//!
//! `tests/doctor/healthy` is the root folder of a lamp of which nothing but `ok` may be said. A folder in
//! `tests/doctor/broken` has a shell script `break`, which runs in a copy of it, and what is then `expected`:
//! all that is not `ok`, with what mends it. If lampi mends anything itself, `mended` is what it says and
//! which files are then new (+), changed (~) and gone (-), and last what is still not `ok`. Adding a case is
//! adding a folder; `LAMPI_TEST_RENEW=yes` writes what is found into it. In the copies Supervisor's socket
//! leads to a real supervisord, and `@BROKER@` and `@PIGPIOD@` are the ports of a real mosquitto and a real
//! pigpiod.

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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor/broken");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
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

/// What comes of `doctor --fix`.
fn mended(lamp: &Lamp, peers: &Peers) -> String {
    let before = lamp.files();
    let mut told = lamp.mend(peers);
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

/// What is wrong with a text that a file has to hold.
fn differs(file: &Path, found: &str) -> String {
    if std::env::var_os("LAMPI_TEST_RENEW").is_some() {
        fs::write(file, found).unwrap();
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    if expected == found { String::new() } else { format!("expected\n{expected}found\n{found}") }
}

#[test]
fn nothing_is_said_of_a_healthy_lamp() {
    let peers = Peers::start();
    let lamp = Lamp::new(&peers);
    lamp.start();
    let found = lamp.doctor(&peers);
    assert_eq!((found.complaints.as_str(), found.status), ("", 0), "{}", found.output);
    assert!(found.output.ends_with("\nNothing is wrong.\n"), "{}", found.output);
    // One that does not run, such as the card in a reader, is judged by its files alone.
    fs::remove_dir_all(lamp.root().join("proc")).unwrap();
    let found = lamp.doctor(&peers);
    assert_eq!((found.complaints.as_str(), found.status), ("", 0), "{}", found.output);
    assert!(!found.output.contains(" answers at "), "{}", found.output);
}

#[test]
fn every_break_is_found_and_mended() {
    let peers = Peers::start();
    let complaints: Vec<String> = cases().iter().filter_map(|case| complaint(case, &peers)).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
