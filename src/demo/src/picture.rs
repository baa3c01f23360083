// SPDX-License-Identifier: GPL-3.0-or-later
//! The screen where there is no display: `lamp_ui` draws into a file as if that were a framebuffer, and fbcp makes a
//! PNG of it whenever it has changed.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use nix::sys::stat::Mode;

use crate::die_with_parent;

/// Width, height and bits per pixel of the lamp's screen.
const GEOMETRY: &str = "240x320x32";
const BYTES: usize = 240 * 320 * 4;

/// A picture that is kept up to date.
pub(crate) struct Picture {
    framebuffer: PathBuf,
    touch: PathBuf,
    file: PathBuf,
    fbcp: PathBuf,
    /// The framebuffer as the picture shows it.
    shown: Vec<u8>,
}

impl Picture {
    /// Makes a black one in `directory`, with `fbcp`.
    pub(crate) fn make(directory: &Path, fbcp: &Path) -> anyhow::Result<Self> {
        let [framebuffer, touch, file] =
            ["framebuffer", "touch", "screen.png"].map(|name| directory.join(name));
        std::fs::write(&framebuffer, vec![0; BYTES])
            .with_context(|| format!("cannot write {}", framebuffer.display()))?;
        nix::unistd::mkfifo(&touch, Mode::S_IRUSR | Mode::S_IWUSR)
            .with_context(|| format!("cannot make {}", touch.display()))?;
        let mut picture = Self { framebuffer, touch, file, fbcp: fbcp.to_owned(), shown: Vec::new() };
        picture.refresh()?;
        Ok(picture)
    }

    /// Has `lamp_ui` draw for this picture and take touches, of which none ever come, from nowhere else.
    pub(crate) fn instead_of_a_screen(&self, lamp_ui: &mut Command) {
        lamp_ui.arg("--framebuffer").arg(&self.framebuffer).args(["--geometry", GEOMETRY]);
        lamp_ui.arg("--touch").arg(&self.touch);
    }

    /// The PNG file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Makes the picture anew if `lamp_ui` has drawn anything.
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
            // A Ctrl-C is none of its business.
            .process_group(0)
            .output()
            .context("cannot start fbcp")?;
        if !output.status.success() {
            bail!("fbcp could not make the picture: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        self.shown = drawn;
        Ok(())
    }
}
