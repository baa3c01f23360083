// SPDX-License-Identifier: GPL-3.0-or-later
//! Wakes a thread that waits for something else too.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// A bell that one thread waits for and any thread rings. Rung ten times before it is heard, it is heard once.
pub struct Bell {
    ringing: AtomicBool,
    rope: UnixStream,
    ear: UnixStream,
}

/// Why [`Bell::wait`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The other descriptor is readable, or was closed at its far end.
    Other,
    /// The bell.
    Bell,
    /// Nothing: it is time.
    Nothing,
}

impl Bell {
    /// A silent bell.
    pub fn new() -> io::Result<Self> {
        let (rope, ear) = UnixStream::pair()?;
        Ok(Self { ringing: AtomicBool::new(false), rope, ear })
    }

    /// Wakes the waiting thread, now or when it next waits. What was stored before is seen by it.
    pub fn ring(&self) {
        if !self.ringing.swap(true, Ordering::SeqCst) {
            // At most one byte is ever under way, so this can neither block nor fail.
            let _ = (&self.rope).write(&[0]);
        }
    }

    /// Waits until the bell rings, `other` becomes readable, or it is `until`. Silences the bell when that is heard.
    pub fn wait(&self, other: BorrowedFd<'_>, until: Option<Instant>) -> io::Result<Heard> {
        loop {
            let timeout = until.map_or(PollTimeout::NONE, |until| {
                // Rounded up to milliseconds: waking too early would only mean to wait again.
                let left = until.saturating_duration_since(Instant::now()).as_micros().div_ceil(1000);
                PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
            });
            let mut watched =
                [PollFd::new(other, PollFlags::POLLIN), PollFd::new(self.ear.as_fd(), PollFlags::POLLIN)];
            match poll(&mut watched, timeout) {
                Ok(0) if until.is_some_and(|until| until > Instant::now()) => {}
                Ok(0) => return Ok(Heard::Nothing),
                // Closed counts as readable, whichever flag tells so.
                Ok(_) if watched[0].any() == Some(true) => return Ok(Heard::Other),
                Ok(_) => {
                    (&self.ear).read_exact(&mut [0])?;
                    // Before the caller looks at what was stored: a ring from now on is heard again.
                    self.ringing.store(false, Ordering::SeqCst);
                    return Ok(Heard::Bell);
                }
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn rings_are_heard_once_and_never_missed() {
        let (other, far_end) = UnixStream::pair().unwrap();
        let bell = Bell::new().unwrap();
        let now = || Some(Instant::now());
        assert_eq!(bell.wait(other.as_fd(), now()).unwrap(), Heard::Nothing);
        bell.ring();
        bell.ring();
        assert_eq!(bell.wait(other.as_fd(), None).unwrap(), Heard::Bell);
        assert_eq!(bell.wait(other.as_fd(), now()).unwrap(), Heard::Nothing);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                bell.ring();
            });
            assert_eq!(bell.wait(other.as_fd(), None).unwrap(), Heard::Bell);
        });
        drop(far_end);
        assert_eq!(bell.wait(other.as_fd(), None).unwrap(), Heard::Other);
    }
}
