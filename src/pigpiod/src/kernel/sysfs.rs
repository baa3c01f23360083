// SPDX-License-Identifier: GPL-3.0-or-later
//! Access to files in /sys.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Files below /sys, by their path from there.
pub trait Sysfs {
    /// Names in a directory, sorted.
    fn list(&self, directory: &str) -> io::Result<Vec<String>>;

    /// The content of a file.
    fn read(&self, file: &str) -> io::Result<Vec<u8>>;

    /// Writes a value to a file.
    fn write(&mut self, file: &str, value: &str) -> io::Result<()>;
}

/// The real files.
#[derive(Debug)]
pub struct Files {
    sys: PathBuf,
}

impl Files {
    /// The files of the machine with the root directory `root`.
    #[must_use]
    pub fn of_machine(root: &Path) -> Self {
        Self { sys: root.join("sys") }
    }
}

impl Sysfs for Files {
    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(self.sys.join(directory))?;
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        Ok(names)
    }

    fn read(&self, file: &str) -> io::Result<Vec<u8>> {
        fs::read(self.sys.join(file))
    }

    fn write(&mut self, file: &str, value: &str) -> io::Result<()> {
        // Never creates a file. The kernel expects the value in one write.
        let mut file = File::options().write(true).open(self.sys.join(file))?;
        file.write_all(format!("{value}\n").as_bytes())
    }
}
