// SPDX-License-Identifier: GPL-3.0-or-later
//! The staging directory: all files of the package at their paths, before packing.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::changelog;
use crate::completions;
use programs::{ALIASES, PROGRAMS};

use crate::pages;
use crate::render::Rendered;
use crate::settings::Settings;
use crate::source::Source;

/// Mode of the Supervisor files: they control what runs as root, and their owner may write passwords into
/// them.
pub(crate) const CONF_MODE: u32 = 0o600;

/// Directory of the Supervisor files in the package.
pub(crate) const CONF_DIRECTORY: &str = "etc/supervisor/conf.d";

/// Directory of copies of the packaged Supervisor files. An upgrade and the owner compare them with the
/// changed files and restore deleted ones.
pub(crate) const COPIES_DIRECTORY: &str = "usr/share/lampi/conf.d";

/// Mode of these copies. They contain no password, except in free text of the settings.
pub(crate) fn copies_mode(settings: &Settings) -> u32 {
    if settings.have_free_text() { CONF_MODE } else { 0o644 }
}

/// The drop-in of supervisor.service in the package, to which postinst links from /etc/systemd.
pub(crate) const DROP_IN: &str = "usr/share/lampi/supervisor.service.conf";

/// Mode of every symbolic link; it has no effect.
pub(crate) const LINK_MODE: u32 = 0o777;

/// A file or a link of the package.
#[derive(Debug)]
pub(crate) struct Staged {
    /// Path in the package, without a leading `/`.
    pub path: String,
    /// Permission bits in the package; those in the staging directory have no effect.
    pub mode: u32,
}

/// The staging directory.
#[derive(Debug)]
pub(crate) struct Stage {
    directory: PathBuf,
    files: Vec<Staged>,
}

impl Stage {
    /// Creates an empty one at `directory`.
    pub(crate) fn new(directory: PathBuf) -> anyhow::Result<Self> {
        make_directory(&directory)?;
        Ok(Self { directory, files: Vec::new() })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn files(&self) -> &[Staged] {
        &self.files
    }

    /// Adds the links, and the paths of the compiled programs. The caller must then write the programs to
    /// these paths.
    pub(crate) fn expect_programs(&mut self) -> anyhow::Result<()> {
        for program in PROGRAMS {
            self.files.push(Staged { path: program.packaged_path().to_owned(), mode: 0o755 });
            make_directory(
                self.directory.join(program.packaged_path()).parent().expect("it is in the directory"),
            )?;
        }
        for alias in ALIASES {
            let path = alias.packaged_path();
            symlink(alias.program, self.directory.join(path))
                .with_context(|| format!("cannot make /{path}"))?;
            self.files.push(Staged { path: path.to_owned(), mode: LINK_MODE });
        }
        Ok(())
    }

    /// Adds everything except the programs: confs, the drop-in for systemd, man pages, completions,
    /// documentation.
    pub(crate) fn add_texts(
        &mut self,
        source: &Source,
        settings: &Settings,
        confs: &[Rendered],
        date: &str,
    ) -> anyhow::Result<()> {
        for Rendered { name, text } in confs {
            for (directory, mode) in [(CONF_DIRECTORY, CONF_MODE), (COPIES_DIRECTORY, copies_mode(settings))]
            {
                self.add(&format!("{directory}/{name}"), mode, text.as_bytes())?;
            }
        }
        for page in pages::all(date) {
            self.add(&page.path, 0o644, page.text.as_bytes())?;
        }
        for (path, script) in completions::all() {
            self.add(&path, 0o644, &script)?;
        }
        for (path, name) in [
            (changelog::PATH, "usr/share/doc/lampi/changelog"),
            ("debian/copyright", "usr/share/doc/lampi/copyright"),
            ("debian/systemd/supervisor.conf", DROP_IN),
            ("debian/lintian-overrides", "usr/share/lintian/overrides/lampi"),
        ] {
            self.add(name, 0o644, source.read(path)?.as_bytes())?;
        }
        Ok(())
    }

    /// Adds a file.
    pub(crate) fn add(&mut self, path: &str, mode: u32, content: &[u8]) -> anyhow::Result<()> {
        let place = self.directory.join(path);
        make_directory(place.parent().expect("it is in the directory"))?;
        write(&place, content)?;
        self.files.push(Staged { path: path.to_owned(), mode });
        Ok(())
    }
}

/// Creates a directory and its parents.
pub(crate) fn make_directory(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("cannot make the directory {}", path.display()))
}

/// Writes a file, with its path in the error.
pub(crate) fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}
