// SPDX-License-Identifier: GPL-3.0-or-later
//! Sleeping that ends with a signal or a readable descriptor.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use runtime::signals::{self, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};
use runtime::wait;

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// The time has come.
    Deadline,
    /// The awaited descriptor is readable.
    Readable,
    /// SIGUSR1: a request for statistics.
    Question,
    /// Any other handled signal.
    Stop,
}

/// The signals that fbcp handles, from its creation.
pub(crate) struct Signals(signals::Signals);

impl Signals {
    /// Blocks the signals, so that they end waits here and not the process.
    pub(crate) fn new() -> io::Result<Self> {
        let mut followed = vec![SIGINT, SIGQUIT, SIGTERM, SIGUSR1];
        // nohup ignores SIGHUP so that the program outlives the terminal.
        if !signals::is_ignored(SIGHUP) {
            followed.push(SIGHUP);
        }
        signals::Signals::new(&followed).map(Self)
    }

    /// Sleeps until `time`, a signal, or until `awaited` is readable. An earlier signal counts, even if
    /// `time` has passed.
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
                // Of several signals, one that stops the program takes precedence.
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
