// SPDX-License-Identifier: GPL-3.0-or-later
//! Sleep that signals, and what is waited for, end at once.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use runtime::signals::{self, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};
use runtime::wait;

/// Why a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// It is time.
    Deadline,
    /// The descriptor that is waited for is readable.
    Readable,
    /// SIGUSR1: somebody asks how it is going.
    Question,
    /// Any other of the signals.
    Stop,
}

/// The signals that fbcp follows, from when this is made.
pub(crate) struct Signals(signals::Signals);

impl Signals {
    /// From now on, those signals end the waiting here instead of the process.
    pub(crate) fn new() -> io::Result<Self> {
        let mut followed = vec![SIGINT, SIGQUIT, SIGTERM, SIGUSR1];
        // Who starts a program by nohup wants it to outlive the terminal.
        if !signals::is_ignored(SIGHUP) {
            followed.push(SIGHUP);
        }
        signals::Signals::new(&followed).map(Self)
    }

    /// Sleeps until `time`, until a signal, or until `awaited` is readable. A signal that came before counts, even if `time`
    /// has passed already.
    pub(crate) fn wait(
        &mut self,
        time: Option<Instant>,
        awaited: Option<BorrowedFd<'_>>,
    ) -> io::Result<Wake> {
        loop {
            let descriptors: Vec<BorrowedFd<'_>> = [self.0.as_fd()].into_iter().chain(awaited).collect();
            match wait::readable(&descriptors, time)?[..] {
                [true, ..] => {}
                [_, true] => return Ok(Wake::Readable),
                _ => return Ok(Wake::Deadline),
            }
            let mut wake = None;
            for signal in self.0.pending() {
                // Of several, one to stop counts.
                if signal != SIGUSR1 {
                    wake = Some(Wake::Stop);
                } else if wake.is_none() {
                    wake = Some(Wake::Question);
                }
            }
            if let Some(wake) = wake {
                return Ok(wake);
            }
        }
    }
}
