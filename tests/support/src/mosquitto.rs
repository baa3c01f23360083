// SPDX-License-Identifier: GPL-3.0-or-later
//! The MQTT broker of a lamp.

use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::time::Instant;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::{PATIENCE, Process, free_port};

/// A mosquitto on 127.0.0.1, without persistence: what it retained is gone when it restarts.
pub struct Mosquitto {
    port: u16,
    folder: TempDir,
    process: Option<Process>,
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
        loop {
            let mut broker = Self::configured(lines);
            if broker.try_start() {
                return broker;
            }
        }
    }

    /// One that is not there yet: its port is known, and [`Mosquitto::restart`] starts it.
    #[must_use]
    pub fn absent() -> Self {
        Self::configured("")
    }

    fn configured(lines: &str) -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().expect("a temporary folder"));
        let configuration =
            format!("listener {port} 127.0.0.1\nallow_anonymous true\nuser root\nlog_dest stderr\n{lines}");
        std::fs::write(folder.path().join("mosquitto.conf"), configuration).expect("a file there");
        Self { port, folder, process: None }
    }

    /// Its TCP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `HOST:PORT`, as the programs take it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it on its port, after killing it if it runs.
    pub fn restart(&mut self) {
        self.stop();
        assert!(self.try_start(), "mosquitto does not start on port {} again", self.port);
    }

    /// Stops it from running without closing anything: connections stay open and nothing answers.
    pub fn freeze(&self) {
        self.running().signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.running().signal(Signal::SIGCONT);
    }

    fn running(&self) -> &Process {
        self.process.as_ref().expect("mosquitto runs")
    }

    /// Whether it came to listen; if not, it has ended, most likely because the port was taken.
    fn try_start(&mut self) -> bool {
        // Debian puts it where only root's PATH leads.
        let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"]
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())
            .unwrap_or("mosquitto");
        let mut process = Process::start(
            Command::new(program).arg("-c").arg(self.folder.path().join("mosquitto.conf")),
            "mosquitto",
        );
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if process.ended().is_some() {
                return false;
            }
            assert!(start.elapsed() < PATIENCE, "mosquitto does not listen: {:?}", process.log());
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        // Somebody else may have taken the port and answered.
        if process.ended().is_some() {
            return false;
        }
        self.process = Some(process);
        true
    }
}
