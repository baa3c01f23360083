// SPDX-License-Identifier: GPL-3.0-or-later
//! The MQTT broker of a lamp.

use std::net::{Ipv4Addr, TcpStream};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::Daemon;

/// A mosquitto on 127.0.0.1, without persistence: a restart discards retained messages.
#[derive(Debug)]
pub struct Mosquitto {
    daemon: Daemon,
    /// Of its configuration.
    _directory: TempDir,
}

impl Mosquitto {
    /// Starts a broker and waits until it listens.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Starts a broker with additional lines of configuration.
    #[must_use]
    pub fn start_with(lines: &str) -> Self {
        Daemon::started(|| Self::configured(lines))
    }

    /// A broker that does not run yet: its port is known, and [`Daemon::restart`] starts it.
    #[must_use]
    pub fn absent() -> Self {
        Self::configured("")
    }

    fn configured(lines: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("mosquitto.conf");
        let lines = lines.to_owned();
        let command = move |port| {
            let configuration = format!(
                "listener {port} 127.0.0.1\nallow_anonymous true\nuser root\nlog_dest stderr\n{lines}"
            );
            std::fs::write(&file, configuration).expect("a file in a temporary directory");
            // Debian installs it outside the PATH of other users than root.
            let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"]
                .into_iter()
                .find(|path| Path::new(path).exists())
                .unwrap_or("mosquitto");
            let mut command = Command::new(program);
            command.arg("-c").arg(&file);
            command
        };
        let listens = |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        Self { daemon: Daemon::absent("mosquitto", command, listens), _directory: directory }
    }

    /// Makes it read its configuration and its passwords again.
    pub fn reload(&self) {
        self.daemon.signal(Signal::SIGHUP);
    }

    /// Continues it after [`Daemon::freeze`].
    pub fn thaw(&self) {
        self.daemon.signal(Signal::SIGCONT);
    }
}

impl Deref for Mosquitto {
    type Target = Daemon;

    fn deref(&self) -> &Daemon {
        &self.daemon
    }
}

impl DerefMut for Mosquitto {
    fn deref_mut(&mut self) -> &mut Daemon {
        &mut self.daemon
    }
}

/// Sets the password of the user `name` in `file`, the `password_file` of mosquitto.
pub fn set_password(file: &Path, name: &str, password: &str) {
    let create: &[&str] = if file.exists() { &["-b"] } else { &["-c", "-b"] };
    let status = Command::new("mosquitto_passwd").args(create).arg(file).args([name, password]).status();
    assert!(status.expect("mosquitto_passwd runs").success(), "mosquitto_passwd {}", file.display());
}
