// SPDX-License-Identifier: GPL-3.0-or-later
//! What sessions log. Each test has its own broker, and each line contains its address.

use std::sync::{LazyLock, Mutex};

use log::{LevelFilter, Log, Metadata, Record};
use test_support::{PATIENCE, wait_for};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Lines;

impl Log for Lines {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }

    fn log(&self, record: &Record) {
        LINES.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

/// Collects the lines from now on.
pub(crate) fn start() {
    static STARTED: LazyLock<()> = LazyLock::new(|| {
        log::set_logger(&Lines).unwrap();
        log::set_max_level(LevelFilter::Info);
    });
    LazyLock::force(&STARTED);
}

/// The lines about the broker at this address.
pub(crate) fn lines(broker: &str) -> Vec<String> {
    let is_about = |line: &&String| line.contains(&format!("MQTT broker {broker}"));
    LINES.lock().unwrap().iter().filter(is_about).cloned().collect()
}

/// Waits until `times` lines about the broker contain `text`.
#[track_caller]
pub(crate) fn await_line(broker: &str, text: &str, times: usize) {
    wait_for(&format!("{times} lines with {text:?}"), PATIENCE, || {
        (lines(broker).iter().filter(|line| line.contains(text)).count() >= times).then_some(())
    });
}
