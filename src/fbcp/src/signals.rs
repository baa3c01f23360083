// SPDX-License-Identifier: GPL-3.0-or-later
//! Sleep that signals end at once.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

/// Why a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is time.
    Nothing,
    /// SIGUSR1: somebody asks how it is going.
    Question,
    /// Any other of the signals.
    Stop,
}

/// The signals that fbcp follows, from when this is made.
pub struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    /// From now on, those signals end the waiting here instead of the process.
    pub fn new() -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        let mut signals = vec![SIGINT, SIGQUIT, SIGTERM, SIGUSR1];
        // Who starts a program by nohup wants it to outlive the terminal.
        if !is_ignored(SIGHUP) {
            signals.push(SIGHUP);
        }
        SignalDelivery::with_pipe(read, write, SignalOnly, signals).map(Self)
    }

    /// Sleeps until `time` or a signal. A signal that came before counts, even if `time` has passed already.
    pub fn wait_until(&mut self, time: Instant) -> io::Result<Heard> {
        loop {
            // In whole milliseconds, rounded up: a wait that ends early would only be followed by another.
            let left = time.saturating_duration_since(Instant::now()).as_micros().div_ceil(1000);
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let mut pipe = [PollFd::new(self.0.get_read().as_fd(), PollFlags::POLLIN)];
            match poll(&mut pipe, timeout) {
                Ok(0) if Instant::now() < time => {}
                Ok(0) => return Ok(Heard::Nothing),
                Ok(_) => {
                    let mut heard = None;
                    for signal in self.0.pending() {
                        // Of several, one to stop counts.
                        if signal != SIGUSR1 {
                            heard = Some(Heard::Stop);
                        } else if heard.is_none() {
                            heard = Some(Heard::Question);
                        }
                    }
                    if let Some(heard) = heard {
                        return Ok(heard);
                    }
                }
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Whether whoever started this process has it ignore a signal. Unknown is no.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
