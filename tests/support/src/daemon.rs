// SPDX-License-Identifier: GPL-3.0-or-later
//! What the daemons of a lamp have in common here: a port of their own, on which they can be started again and again.

use std::process::Command;

use nix::sys::signal::Signal;

use crate::{PATIENCE, Process, free_port, wait_for};

/// A daemon that may run or not. Its port stays the same.
pub struct Daemon {
    /// Its Debian package.
    package: &'static str,
    port: u16,
    process: Option<Process>,
}

impl Daemon {
    /// One that does not run yet.
    pub fn absent(package: &'static str) -> Self {
        Self { package, port: free_port(), process: None }
    }

    /// Makes one after another until `try_start` has started one: somebody else may take the port of one first.
    pub fn started<T>(make: impl Fn() -> T, try_start: impl Fn(&mut T) -> bool) -> T {
        loop {
            let mut daemon = make();
            if try_start(&mut daemon) {
                return daemon;
            }
        }
    }

    /// Its TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `HOST:PORT`, as the programs take it.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Whether `command` came to be `ready`; if not, it has ended, most likely because the port was taken.
    pub fn try_start(&mut self, command: &mut Command, ready: impl Fn() -> bool) -> bool {
        let mut process = Process::start(command, self.package);
        let runs = wait_for(&format!("{} is ready", self.package), PATIENCE, || {
            if let Some(status) = process.ended() {
                // Shown if this makes a test fail.
                println!("{} ended: {status}: {:?}", self.package, process.log());
                return Some(false);
            }
            ready().then_some(true)
        });
        // Somebody else may have taken the port, and answered.
        if !runs || process.ended().is_some() {
            return false;
        }
        self.process = Some(process);
        true
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.as_ref().expect("the daemon runs").signal(signal);
    }
}
