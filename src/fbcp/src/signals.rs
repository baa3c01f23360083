// SPDX-License-Identifier: GPL-3.0-or-later
//! Sleep that signals end at once.

use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use runtime::signals::{self, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};
use runtime::wait;

/// Why a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// It is time.
    Deadline,
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

    /// Sleeps until `time` or a signal. A signal that came before counts, even if `time` has passed already.
    pub(crate) fn wait_until(&mut self, time: Instant) -> io::Result<Wake> {
        loop {
            if !wait::readable(&[self.0.as_fd()], Some(time))?[0] {
                return Ok(Wake::Deadline);
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
