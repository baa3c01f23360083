// SPDX-License-Identifier: GPL-3.0-or-later
//! Wakes a thread that waits for something else too.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::wait;

/// Any thread wakes, and one waits. Woken ten times before it waits, that thread wakes up once.
#[derive(Debug)]
pub struct Waker(EventFd);

/// Why [`Waker::wait`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// The descriptor is readable, or was closed at its far end.
    Readable,
    /// Another thread called [`Waker::wake`].
    Woken,
    /// It is time.
    Deadline,
}

impl Waker {
    /// One that nobody has called yet.
    pub fn new() -> io::Result<Self> {
        Ok(Self(EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?))
    }

    /// Wakes the waiting thread, now or when it next waits. What was stored before is seen by it.
    pub fn wake(&self) {
        // It fails only at 2^64 calls that nobody takes, and then the thread is awake anyway.
        let _ = self.0.write(1);
    }

    /// Forgets the calls so far. To be called before looking at what was stored: a call from now on wakes again.
    pub fn clear(&self) {
        // It fails only if there was no call.
        let _ = self.0.read();
    }

    /// Waits for a call, for `descriptor` to become readable, or until it is `until`. Forgets the calls if it was woken by
    /// one.
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
    fn calls_wake_once_and_are_never_missed() {
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
