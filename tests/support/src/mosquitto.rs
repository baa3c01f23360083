// SPDX-License-Identifier: GPL-3.0-or-later
//! The MQTT broker of a lamp.

use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::daemon::Daemon;

/// A mosquitto on 127.0.0.1, without persistence: what it retained is gone when it restarts.
pub struct Mosquitto {
    daemon: Daemon,
    folder: TempDir,
}

impl Mosquitto {
    /// Starts one and waits until it listens.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Starts one with further lines of configuration.
    #[must_use]
    pub fn start_with(lines: &str) -> Self {
        Daemon::started(|| Self::configured(lines), Self::try_start)
    }

    /// One that is not there yet: its port is known, and [`Mosquitto::restart`] starts it.
    #[must_use]
    pub fn absent() -> Self {
        Self::configured("")
    }

    fn configured(lines: &str) -> Self {
        let (daemon, folder) =
            (Daemon::absent("mosquitto"), tempfile::tempdir().expect("a temporary folder"));
        let port = daemon.port();
        let configuration =
            format!("listener {port} 127.0.0.1\nallow_anonymous true\nuser root\nlog_dest stderr\n{lines}");
        std::fs::write(folder.path().join("mosquitto.conf"), configuration).expect("a file there");
        Self { daemon, folder }
    }

    /// Its TCP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.daemon.port()
    }

    /// `HOST:PORT`, as the programs take it.
    #[must_use]
    pub fn address(&self) -> String {
        self.daemon.address()
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.daemon.stop();
    }

    /// Starts it on its port, after killing it if it runs.
    pub fn restart(&mut self) {
        self.stop();
        assert!(self.try_start(), "mosquitto does not start on port {} again", self.port());
    }

    /// Stops it from running without closing anything: connections stay open and nothing answers.
    pub fn freeze(&self) {
        self.daemon.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.daemon.signal(Signal::SIGCONT);
    }

    /// Whether it came to listen; see [`Daemon::try_start`].
    fn try_start(&mut self) -> bool {
        // Debian puts it where only root's PATH leads.
        let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .unwrap_or("mosquitto");
        let address = (Ipv4Addr::LOCALHOST, self.port());
        self.daemon
            .try_start(Command::new(program).arg("-c").arg(self.folder.path().join("mosquitto.conf")), || {
                TcpStream::connect(address).is_ok()
            })
    }
}
