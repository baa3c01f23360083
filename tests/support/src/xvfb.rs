// SPDX-License-Identifier: GPL-3.0-or-later
//! An X server whose screen is a file.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::{PATIENCE, Process, wait_for};

/// Xvfb, with a display number of its own. It draws whenever its clients do.
#[derive(Debug)]
pub struct Xvfb {
    display: String,
    process: Process,
    directory: TempDir,
}

impl Xvfb {
    /// Starts it with a screen such as `320x240x16`, whose last figure is the depth.
    #[must_use]
    pub fn start(screen: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let number = directory.path().join("number");
        let mut command = Command::new("Xvfb");
        command
            .args(["-displayfd", "1", "-screen", "0", screen, "-nolisten", "tcp", "-fbdir"])
            .arg(directory.path())
            .stdout(File::create(&number).expect("a file in a temporary directory"));
        let process = Process::start(&mut command, "xvfb");
        let number = wait_for("Xvfb to be there", PATIENCE, || {
            std::fs::read_to_string(&number).ok().filter(|text| text.ends_with('\n'))
        });
        Self { display: format!(":{}", number.trim()), process, directory }
    }

    /// The value of DISPLAY for its clients.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Where the screen is, as the file `Xvfb_screen0` in the format XWD.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Takes it away from its clients.
    pub fn stop(&mut self) {
        self.process.terminate();
    }
}
