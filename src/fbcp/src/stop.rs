// SPDX-License-Identifier: GPL-3.0-or-later
//! Sleep that SIGTERM and SIGINT end at once.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGINT, SIGTERM};

/// Becomes readable with the first signal and stays so.
pub struct Stop {
    signals: UnixStream,
}

impl Stop {
    /// From now on, SIGTERM and SIGINT end the waiting here instead of the process.
    pub fn on_signals() -> io::Result<Self> {
        let (signals, handler) = UnixStream::pair()?;
        for signal in [SIGTERM, SIGINT] {
            signal_hook::low_level::pipe::register(signal, handler.try_clone()?)?;
        }
        Ok(Self { signals })
    }

    /// Sleeps until `time`. Returns true as soon as the process is to stop, even if `time` has passed already.
    pub fn wait_until(&self, time: Instant) -> io::Result<bool> {
        loop {
            // In whole milliseconds, rounded up: a wait that ends early would only be followed by another.
            let left = time.saturating_duration_since(Instant::now()).as_micros().div_ceil(1000);
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let mut signals = [PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            match poll(&mut signals, timeout) {
                Ok(0) if Instant::now() < time => {}
                Ok(ready) => return Ok(ready > 0),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sleeps for a duration. Returns true as soon as the process is to stop.
    pub fn wait(&self, duration: Duration) -> io::Result<bool> {
        self.wait_until(Instant::now() + duration)
    }
}
