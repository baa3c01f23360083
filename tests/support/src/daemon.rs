// SPDX-License-Identifier: GPL-3.0-or-later
//! The common part of the daemons: each has its own port, on which it can be restarted.

use std::fmt;
use std::ops::DerefMut;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::{PATIENCE, Process, free_port, wait_for};

/// A daemon, running or not. Its port does not change.
pub struct Daemon {
    /// Its Debian package.
    package: &'static str,
    port: u16,
    process: Option<Process>,
    /// Creates the command that starts it on a port.
    command: Box<dyn Fn(u16) -> Command + Send + Sync>,
    /// Whether it answers on a port.
    is_ready: Box<dyn Fn(u16) -> bool + Send + Sync>,
}

impl fmt::Debug for Daemon {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter
            .debug_struct("Daemon")
            .field("package", &self.package)
            .field("port", &self.port)
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}

impl Daemon {
    /// A daemon that does not run yet.
    pub(crate) fn absent(
        package: &'static str,
        command: impl Fn(u16) -> Command + Send + Sync + 'static,
        is_ready: impl Fn(u16) -> bool + Send + Sync + 'static,
    ) -> Self {
        let (command, is_ready) = (Box::new(command), Box::new(is_ready));
        Self { package, port: free_port(), process: None, command, is_ready }
    }

    /// Creates daemons until one starts: another program may take the port first.
    pub(crate) fn started<T: DerefMut<Target = Self>>(make: impl Fn() -> T) -> T {
        loop {
            let mut daemon = make();
            if daemon.try_start() {
                return daemon;
            }
        }
    }

    /// Its TCP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `HOST:PORT`, the format of the programs' options.
    #[must_use]
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Kills it if it runs, and starts it on the same port.
    pub fn restart(&mut self) {
        self.stop();
        assert!(self.try_start(), "{} does not start on port {} again", self.package, self.port);
    }

    /// Stops it with SIGSTOP: connections stay open, but it does not answer.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        self.process.as_ref().expect("the daemon runs").signal(signal);
    }

    /// Whether it is ready; if not, it has exited, usually because the port is in use.
    fn try_start(&mut self) -> bool {
        let mut process = Process::start(&mut (self.command)(self.port), self.package);
        let runs = wait_for(&format!("{} is ready", self.package), PATIENCE, || {
            if let Some(status) = process.ended() {
                // The output of a failed test shows this.
                println!("{} ended: {status}: {:?}", self.package, process.log());
                return Some(false);
            }
            (self.is_ready)(self.port).then_some(true)
        });
        // Another program may have taken the port and answered.
        if !runs || process.ended().is_some() {
            return false;
        }
        self.process = Some(process);
        true
    }
}
