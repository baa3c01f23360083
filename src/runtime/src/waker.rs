// SPDX-License-Identifier: GPL-3.0-or-later
//! Wakes a thread that waits for a descriptor or a deadline.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::wait;

/// Any thread can wake the one that waits. Several calls before the wait end it once.
#[derive(Debug)]
pub struct Waker(EventFd);

/// Why [`Waker::wait`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// The descriptor is readable, or closed by its peer.
    Readable,
    /// Another thread called [`Waker::wake`].
    Woken,
    /// The time is over.
    Deadline,
}

impl Waker {
    /// A waker without a pending call.
    pub fn new() -> io::Result<Self> {
        Ok(Self(EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?))
    }

    /// Wakes the waiting thread, now or at its next wait. That thread sees what was stored before the call.
    pub fn wake(&self) {
        // It fails only after 2^64 calls without a wait, and then the thread wakes anyway.
        let _ = self.0.write(1);
    }

    /// Discards the calls so far. Call it before reading what was stored: a later call wakes again.
    pub fn clear(&self) {
        // It fails only without a pending call.
        let _ = self.0.read();
    }

    /// Waits for a call, until `descriptor` is readable, or until the time `until`. A call that ends the wait
    /// is discarded.
    pub fn wait(&self, descriptor: BorrowedFd<'_>, until: Option<Instant>) -> io::Result<Wake> {
        let readable = wait::readable(&[descriptor, self.0.as_fd()], until)?;
        if readable[0] {
            return Ok(Wake::Readable);
        }
        if readable[1] {
            self.clear();
            return Ok(Wake::Woken);
        }
        Ok(Wake::Deadline)
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::*;

    #[test]
    fn pending_calls_end_one_wait_and_none_is_missed() {
        let (descriptor, far_end) = UnixStream::pair().unwrap();
        let waker = Waker::new().unwrap();
        let now = || Some(Instant::now());
        assert_eq!(waker.wait(descriptor.as_fd(), now()).unwrap(), Wake::Deadline);
        waker.wake();
        waker.wake();
        assert_eq!(waker.wait(descriptor.as_fd(), None).unwrap(), Wake::Woken);
        assert_eq!(waker.wait(descriptor.as_fd(), now()).unwrap(), Wake::Deadline);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                waker.wake();
            });
            assert_eq!(waker.wait(descriptor.as_fd(), None).unwrap(), Wake::Woken);
        });
        drop(far_end);
        assert_eq!(waker.wait(descriptor.as_fd(), None).unwrap(), Wake::Readable);
    }
}
