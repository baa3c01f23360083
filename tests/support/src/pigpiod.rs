// SPDX-License-Identifier: GPL-3.0-or-later
//! The GPIO daemon: the real one, on simulated registers (`tests/pigpiod`).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::daemon::Daemon;

/// A pigpiod, with Debian's `pigs` as the witness of what reached the pins.
pub struct Pigpiod {
    daemon: Daemon,
    options: Vec<String>,
    /// Levels of the pins 0 to 31, a bit for each, if they are not those of a lamp at rest.
    levels: Option<u32>,
    /// Its lock file and FIFOs.
    folder: TempDir,
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
        Daemon::started(|| Self::absent(options), Self::try_start)
    }

    /// Starts one on a lamp whose panel's button is pressed.
    #[must_use]
    pub fn start_pressed() -> Self {
        Daemon::started(|| Self { levels: Some(0), ..Self::absent(&["-g", "-l"]) }, Self::try_start)
    }

    /// One that is not there yet: its port is known, and [`Pigpiod::restart`] starts it.
    #[must_use]
    pub fn absent(options: &[&str]) -> Self {
        Self {
            daemon: Daemon::absent("pigpiod"),
            options: options.iter().map(ToString::to_string).collect(),
            levels: None,
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// The folder of the program, under its own name.
    #[must_use]
    pub fn program_folder() -> &'static Path {
        built()
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

    /// Starts it on its port, after killing it if it runs. Its pins are as after a reboot.
    pub fn restart(&mut self) {
        self.stop();
        assert!(self.try_start(), "pigpiod does not start on port {} again", self.port());
    }

    /// Lets it hang: its connections stay open and nothing answers. Only [`Pigpiod::restart`] helps then, because it
    /// takes the signal that would let it go on for a reason to end.
    pub fn freeze(&self) {
        self.daemon.signal(Signal::SIGSTOP);
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

    /// Whether it came to answer; see [`Daemon::try_start`].
    fn try_start(&mut self) -> bool {
        // A daemon that was killed leaves its lock file and FIFOs behind, as on a lamp.
        let ready: PathBuf = self.folder.path().join("pigerr");
        let _ = std::fs::remove_file(&ready);
        let port = self.port();
        self.daemon.try_start(
            Command::new(built().join("pigpiod"))
                .args(&self.options)
                // The environment takes any port, the option -p only a few.
                .env("PIGPIO_PORT", port.to_string())
                .env("LAMPI_PIGPIOD_DIR", self.folder.path())
                .envs(self.levels.map(|levels| ("LAMPI_PIGPIOD_LEVELS", levels.to_string()))),
            // It makes this FIFO last, when it is ready for signals too.
            || ready.exists() && pigs(port, "pigpv").is_some(),
        )
    }
}

/// What Debian's `pigs` hears from the GPIO daemon on a port of this machine, as an answer to a command with one number
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

/// The folder of the built daemon; builds it if need be.
fn built() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pigpiod/build");
        let output = Command::new(&build).output().expect("tests/pigpiod/build can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    })
}
