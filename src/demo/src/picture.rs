// SPDX-License-Identifier: GPL-3.0-or-later
//! The screen without a display: `lamp_ui` draws into a file used as a framebuffer, and fbcp writes a PNG
//! file when it changes.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use nix::sys::stat::Mode;

use crate::die_with_parent;

/// Width, height and bits per pixel of the lamp's screen.
const GEOMETRY: &str = "240x320x32";
const BYTES: usize = 240 * 320 * 4;

/// A PNG file that is kept up to date.
pub(crate) struct Picture {
    framebuffer: PathBuf,
    touch: PathBuf,
    file: PathBuf,
    fbcp: PathBuf,
    /// The framebuffer's content in the PNG file.
    shown: Vec<u8>,
}

impl Picture {
    /// Creates a black one in `directory`, with `fbcp`.
    pub(crate) fn make(directory: &Path, fbcp: &Path) -> anyhow::Result<Self> {
        let [framebuffer, touch, file] =
            ["framebuffer", "touch", "screen.png"].map(|name| directory.join(name));
        std::fs::write(&framebuffer, vec![0; BYTES])
            .with_context(|| format!("cannot write {}", framebuffer.display()))?;
        nix::unistd::mkfifo(&touch, Mode::S_IRUSR | Mode::S_IWUSR)
            .with_context(|| format!("cannot create {}", touch.display()))?;
        let mut picture = Self { framebuffer, touch, file, fbcp: fbcp.to_owned(), shown: Vec::new() };
        picture.refresh()?;
        Ok(picture)
    }

    /// Lets `lamp_ui` draw into the file and read touches from a FIFO without any.
    pub(crate) fn instead_of_a_screen(&self, lamp_ui: &mut Command) {
        lamp_ui.arg("--framebuffer").arg(&self.framebuffer).args(["--geometry", GEOMETRY]);
        lamp_ui.arg("--touch").arg(&self.touch);
    }

    /// The PNG file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Writes the PNG file again if `lamp_ui` has drawn.
    pub(crate) fn refresh(&mut self) -> anyhow::Result<()> {
        let drawn = std::fs::read(&self.framebuffer)
            .with_context(|| format!("cannot read {}", self.framebuffer.display()))?;
        if drawn == self.shown {
            return Ok(());
        }
        let output = die_with_parent::command(&self.fbcp)
            .arg("--source")
            .arg(&self.framebuffer)
            .args(["--source-geometry", GEOMETRY, "--snapshot"])
            .arg(&self.file)
            // Not affected by Ctrl-C.
            .process_group(0)
            .output()
            .context("cannot start fbcp")?;
        if !output.status.success() {
            bail!("fbcp cannot write the PNG file: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        self.shown = drawn;
        Ok(())
    }
}
