// SPDX-License-Identifier: GPL-3.0-or-later
//! The staging directory: every file of the package at its place, before it is packed.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::changelog;
use crate::completions;
use programs::{ALIASES, PROGRAMS};

use crate::pages::Page;
use crate::render::Rendered;
use crate::settings::Settings;
use crate::source::Source;

/// Mode of the Supervisor files: they decide what runs as root, and may come to hold passwords.
pub(crate) const CONF_MODE: u32 = 0o600;

/// Directory of the Supervisor files in the package.
pub(crate) const CONF_DIRECTORY: &str = "etc/supervisor/conf.d";

/// Directory of copies of the Supervisor files as they are packaged, so that an upgrade and the owner can tell what was changed
/// and bring back what was deleted. Whoever copies one from here keeps the copy to root.
pub(crate) const COPIES_DIRECTORY: &str = "usr/share/lampi/conf.d";

/// Mode of these copies, which hold no password of the owner's, and none of the builder's but in words that the builder wrote
/// freely.
pub(crate) fn copies_mode(settings: &Settings) -> u32 {
    if settings.have_free_text() { CONF_MODE } else { 0o644 }
}

/// The drop-in of supervisor.service in the package, to which postinst links from /etc/systemd.
pub(crate) const DROP_IN: &str = "usr/share/lampi/supervisor.service.conf";

/// Mode of every link, which nobody looks at.
pub(crate) const LINK_MODE: u32 = 0o777;

/// A file of the package, or a link.
#[derive(Debug)]
pub(crate) struct Staged {
    /// Path in the package, without a leading `/`.
    pub path: String,
    /// Permission bits that it gets there, whatever they are in the staging directory.
    pub mode: u32,
}

/// A directory that is filled as the package will be.
#[derive(Debug)]
pub(crate) struct Stage {
    directory: PathBuf,
    files: Vec<Staged>,
}

impl Stage {
    /// Begins an empty one at `directory`.
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

    /// Puts the links of programs there, and makes room for the compiled programs, which have to be put at their paths in the directory; they count as staged from
    /// now on.
    pub(crate) fn expect_programs(&mut self) -> anyhow::Result<()> {
        for program in PROGRAMS {
            self.files.push(Staged { path: program.packaged_path().to_owned(), mode: 0o755 });
            make_directory(
                self.directory.join(program.packaged_path()).parent().expect("it lies in the directory"),
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

    /// Everything but the programs: confs, the drop-in for systemd, man pages, completions, documentation.
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
        for page in Page::all() {
            let path = page.path();
            let text = man_page(page, date).with_context(|| format!("cannot make /{path}"))?;
            self.add(&path, 0o644, &text)?;
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
        make_directory(place.parent().expect("it lies in the directory"))?;
        write(&place, content)?;
        self.files.push(Staged { path: path.to_owned(), mode });
        Ok(())
    }
}

/// A man page from the same definition as `--help`.
fn man_page(page: Page, date: &str) -> std::io::Result<Vec<u8>> {
    let source = format!("lampi {}", env!("CARGO_PKG_VERSION"));
    let mut text = Vec::new();
    clap_mangen::Man::new(page.command)
        .section(page.section)
        .date(date)
        .source(source)
        .manual("LAMPI")
        .render(&mut text)?;
    Ok(text)
}

/// Makes a directory and its parents.
pub(crate) fn make_directory(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("cannot make the folder {}", path.display()))
}

/// Writes a file, with its path in the error.
pub(crate) fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}
