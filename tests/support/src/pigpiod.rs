// SPDX-License-Identifier: GPL-3.0-or-later
//! The real GPIO daemon on simulated registers (`tests/pigpiod`).

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::Daemon;

/// A pigpiod; Debian's `pigs` reads the pins. [`Daemon::restart`] resets its pins as after a reboot. It is
/// the only way to continue after [`Daemon::freeze`], because pigpiod exits at SIGCONT.
#[derive(Debug)]
pub struct Pigpiod {
    daemon: Daemon,
    /// Of its lock file and FIFOs.
    _directory: TempDir,
}

impl Pigpiod {
    /// Starts `pigpiod -g -l`, like a LAMPI: it listens only on `[::1]` if there is IPv6.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&["-g", "-l"])
    }

    /// Starts a pigpiod with `options`, which must keep it in the foreground.
    #[must_use]
    pub fn start_with(options: &[&str]) -> Self {
        Daemon::started(|| Self::absent(options))
    }

    /// Starts a pigpiod on a lamp with the panel's button pressed.
    #[must_use]
    pub fn start_pressed() -> Self {
        Daemon::started(|| Self::configured(&["-g", "-l"], Some(0)))
    }

    /// A pigpiod that does not run yet: its port is known, and [`Daemon::restart`] starts it.
    #[must_use]
    pub fn absent(options: &[&str]) -> Self {
        Self::configured(options, None)
    }

    /// A pigpiod with these levels of the pins 0 to 31, one bit each; `None` for an idle lamp.
    fn configured(options: &[&str], levels: Option<u32>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().to_owned();
        // pigpiod creates this FIFO last, when it is also ready for signals.
        let last = path.join("pigerr");
        let ready = last.clone();
        let options: Vec<String> = options.iter().map(ToString::to_string).collect();
        let command = move |port: u16| {
            // A killed daemon leaves its lock file and FIFOs, like on a lamp.
            let _ = std::fs::remove_file(&last);
            let mut command = Command::new(built().join("pigpiod"));
            command
                .args(&options)
                // The environment variable accepts any port, the option -p only some.
                .env("PIGPIO_PORT", port.to_string())
                .env("LAMPI_PIGPIOD_DIR", &path)
                .envs(levels.map(|levels| ("LAMPI_PIGPIOD_LEVELS", levels.to_string())));
            command
        };
        let answers = move |port| ready.exists() && pigs(port, "pigpv").is_some();
        Self { daemon: Daemon::absent("pigpiod", command, answers), _directory: directory }
    }

    /// The directory of the program, under its own name.
    #[must_use]
    pub fn program_directory() -> &'static Path {
        built()
    }

    /// Duty cycles of `pins`; `None` for a pin without PWM.
    #[must_use]
    pub fn duty_cycles<const N: usize>(&self, pins: [u8; N]) -> [Option<u32>; N] {
        pins.map(|pin| self.ask(&format!("gdc {pin}")).and_then(|duty| u32::try_from(duty).ok()))
    }

    /// The result of a `pigs` command that returns one number; `None` for an error.
    #[must_use]
    pub fn ask(&self, command: &str) -> Option<i64> {
        pigs(self.port(), command)
    }
}

impl Deref for Pigpiod {
    type Target = Daemon;

    fn deref(&self) -> &Daemon {
        &self.daemon
    }
}

impl DerefMut for Pigpiod {
    fn deref_mut(&mut self) -> &mut Daemon {
        &mut self.daemon
    }
}

/// The result of a command of Debian's `pigs` that returns one number, for the GPIO daemon on a port of this
/// machine; `None` for an error.
#[must_use]
pub fn pigs(port: u16, command: &str) -> Option<i64> {
    let ask = |host: &str| {
        let output = Command::new("pigs")
            .args(command.split(' '))
            .env("PIGPIO_ADDR", host)
            .env("PIGPIO_PORT", port.to_string())
            .stderr(Stdio::null())
            .output();
        let output = match output {
            Ok(output) => output,
            Err(error) => panic!("cannot run pigs ({error}); install it with: apt-get install pigpio-tools"),
        };
        String::from_utf8_lossy(&output.stdout).trim().parse().ok().filter(|number| *number >= 0)
    };
    ask("::1").or_else(|| ask("127.0.0.1"))
}

/// The directory of the built daemon. Builds it if necessary.
fn built() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pigpiod/build");
        let output = Command::new(&build).output().expect("tests/pigpiod/build can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    })
}
