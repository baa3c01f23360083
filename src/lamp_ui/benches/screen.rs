// SPDX-License-Identifier: GPL-3.0-or-later
//! Measures start-up time, reaction to a finger and resource use, compared with the goals. Prints the figures
//! without judging them; absolute figures depend on the machine.

#[path = "../tests/rig/mod.rs"]
mod rig;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rig::place::{POWER, SLIDERS, along};
use rig::{Rig, WIDTH, command, lamp_ui, make_framebuffer};
use test_support::{Mosquitto, Pigpiod, Process};

/// Starts, each with an empty screen.
const STARTS: usize = 50;

/// Moves of a finger.
const MOVES: usize = 2000;

fn main() {
    let first = percentiles(first_frames());
    row("start to first picture, p50", &milliseconds(first.0), "below 100 ms");
    row("start to first picture, p99", &milliseconds(first.1), "below 100 ms");

    // With the daemon for the button, as on a lamp: retries would not be idle.
    let pigpiod = Pigpiod::start();
    let mut rig = Rig::start_with(|call| {
        call.args(["--pigpiod", &pigpiod.address()]);
    });
    rig.known();
    let moves = percentiles(moves(&mut rig));
    row("touch to rows stored, p50", &milliseconds(moves.0), "");
    row("touch to rows stored, p99", &milliseconds(moves.1), "below 16 ms");
    row("resident memory", &format!("{:.1} MB", rig.ui.resident() as f64 / 1024.0), "below 13 MB");

    // After the last acknowledgement of the drag's messages.
    let mut before = rig.ui.wake_ups();
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let now = rig.ui.wake_ups();
        if now == before {
            break;
        }
        before = now;
    }
    // No event to wait for: this measures idleness.
    std::thread::sleep(Duration::from_secs(10));
    let after = rig.ui.wake_ups();
    let woken: u64 =
        after.iter().map(|(thread, count)| count - before.get(thread).copied().unwrap_or(0)).sum();
    row("wake-ups in 10 s when idle", &woken.to_string(), "0");
    row("size of the program", &format!("{:.2} MB", stripped_size()), "");
}

fn row(what: &str, figure: &str, goal: &str) {
    let goal = if goal.is_empty() { String::new() } else { format!("goal: {goal}") };
    println!("  {what:<32} {figure:>10}   {goal}");
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn first_frames() -> Vec<Duration> {
    let broker = Mosquitto::start();
    let times = (0..STARTS).map(|_| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        make_framebuffer(&directory.path().join("fb"));
        rig::TouchDevice::make(&directory.path().join("touch"));
        let screen = File::open(directory.path().join("fb")).expect("the framebuffer");
        let start = Instant::now();
        let mut ui = Process::start(&mut command(directory.path(), &broker), "lampi");
        // The lowest line of text is stored last.
        await_change(&screen, (0, 286), [0; WIDTH * 2 * 12]);
        let time = start.elapsed();
        ui.kill();
        time
    });
    times.collect()
}

/// The times from each move of a dragged thumb to the lowest changed row.
fn moves(rig: &mut Rig) -> Vec<Duration> {
    let screen = File::open(rig.framebuffer()).expect("the framebuffer");
    rig.touch.down((along(0.5), SLIDERS[0]));
    let times = (0..MOVES).map(|step| {
        let before: [u8; 2] = read(&screen, POWER);
        // A third of the hues further each time, so that every colour differs from the one before.
        let value = (step * 37 % 100) as f64 / 100.0;
        let start = Instant::now();
        rig.touch.to((along(value), SLIDERS[0]));
        await_change(&screen, POWER, before);
        start.elapsed()
    });
    let times = times.collect();
    rig.touch.up();
    times
}

/// Polls pixels, because writes to a file-backed framebuffer cause no event.
fn await_change<const N: usize>(screen: &File, place: (usize, usize), before: [u8; N]) {
    let start = Instant::now();
    while read(screen, place) == before {
        assert!(start.elapsed() < Duration::from_secs(10), "nothing changes from {place:?} on");
    }
}

/// Reads bytes, starting at a pixel.
fn read<const N: usize>(screen: &File, (x, y): (usize, usize)) -> [u8; N] {
    let mut bytes = [0; N];
    screen.read_exact_at(&mut bytes, ((y * WIDTH + x) * 2) as u64).expect("the framebuffer");
    bytes
}

/// In MB, stripped as in the package.
fn stripped_size() -> f64 {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let program = lamp_ui().get_program().to_owned();
    let stripped = directory.path().join("lamp_ui");
    let status = Command::new("strip").arg("--strip-unneeded").arg("-o").arg(&stripped).arg(program).status();
    assert!(status.expect("strip is installed").success());
    size(&stripped) as f64 / 1e6
}

fn size(path: &Path) -> u64 {
    path.metadata().expect("a file").len()
}
