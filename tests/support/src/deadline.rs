// SPDX-License-Identifier: GPL-3.0-or-later
//! Waiting for something to become true.

use std::time::{Duration, Instant};

/// How long anything may take that is bound to happen: far longer than it does, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again until `look` finds something, and panics with `what` when it has not within `deadline`.
#[track_caller]
pub fn wait_for<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < deadline, "waited {deadline:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
