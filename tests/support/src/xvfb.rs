// SPDX-License-Identifier: GPL-3.0-or-later
//! An X server with a file as its screen.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::{PATIENCE, Process, wait_for};

/// Xvfb with its own display number.
#[derive(Debug)]
pub struct Xvfb {
    display: String,
    process: Process,
    directory: TempDir,
}

impl Xvfb {
    /// Starts it with a screen such as `320x240x16`: width, height and depth.
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

    /// The directory with the screen, the file `Xvfb_screen0` in XWD format.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Stops the server.
    pub fn stop(&mut self) {
        self.process.terminate();
    }
}
