// SPDX-License-Identifier: GPL-3.0-or-later
//! Waits for a condition.

use std::time::{Duration, Instant};

/// The timeout of everything that must happen: far longer than necessary, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Calls `look` until it returns something. Panics with `what` after `deadline`.
#[track_caller]
pub fn wait_for<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < deadline, "timed out after {deadline:?}, waiting for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
