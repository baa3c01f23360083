// SPDX-License-Identifier: GPL-3.0-or-later
//! The GPIO daemon: the real one, on simulated registers (`tests/pigpiod`).

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::Daemon;

/// A pigpiod, with Debian's `pigs` as the witness of what reached the pins. [`Daemon::restart`] leaves its pins as after a
/// reboot, and is all that helps after [`Daemon::freeze`]: it takes the signal that would let it go on for a reason to end.
#[derive(Debug)]
pub struct Pigpiod {
    daemon: Daemon,
    /// Of its lock file and FIFOs.
    _directory: TempDir,
}

impl Pigpiod {
    /// Starts one as a LAMPI does, `pigpiod -g -l`: it then listens on `[::1]` alone, if there is IPv6.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&["-g", "-l"])
    }

    /// Starts one with `options`, which must keep it in the foreground.
    #[must_use]
    pub fn start_with(options: &[&str]) -> Self {
        Daemon::started(|| Self::absent(options))
    }

    /// Starts one on a lamp whose panel's button is pressed.
    #[must_use]
    pub fn start_pressed() -> Self {
        Daemon::started(|| Self::configured(&["-g", "-l"], Some(0)))
    }

    /// One that is not there yet: its port is known, and [`Daemon::restart`] starts it.
    #[must_use]
    pub fn absent(options: &[&str]) -> Self {
        Self::configured(options, None)
    }

    /// One with `levels` of the pins 0 to 31, a bit for each, if they are not those of a lamp at rest.
    fn configured(options: &[&str], levels: Option<u32>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().to_owned();
        // It makes this FIFO last, when it is ready for signals too.
        let last = path.join("pigerr");
        let ready = last.clone();
        let options: Vec<String> = options.iter().map(ToString::to_string).collect();
        let command = move |port: u16| {
            // A daemon that was killed leaves its lock file and FIFOs behind, as on a lamp.
            let _ = std::fs::remove_file(&last);
            let mut command = Command::new(built().join("pigpiod"));
            command
                .args(&options)
                // The environment takes any port, the option -p only a few.
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

    /// Duty cycles of `pins`; `None` for a pin that is not driven by PWM.
    #[must_use]
    pub fn duty_cycles<const N: usize>(&self, pins: [u8; N]) -> [Option<u32>; N] {
        pins.map(|pin| self.ask(&format!("gdc {pin}")).and_then(|duty| u32::try_from(duty).ok()))
    }

    /// What `pigs` answers to a command with one number as its result; `None` for an error.
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

/// What Debian's `pigs` gets from the GPIO daemon on a port of this machine, as an answer to a command with one number
/// as its result; `None` for an error.
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

/// The directory of the built daemon; builds it if need be.
fn built() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pigpiod/build");
        let output = Command::new(&build).output().expect("tests/pigpiod/build can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    })
}
