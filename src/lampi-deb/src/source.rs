// SPDX-License-Identifier: GPL-3.0-or-later
//! The files of the checkout.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use toml::Table;

/// The file with the fields of the package, among them the maintainer.
pub(crate) const PACKAGE: &str = "debian/package.toml";

/// The checkout to build from.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    root: PathBuf,
}

impl Source {
    /// Finds the checkout: the one of `cargo run`, or else the one that the builder was compiled from.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package.ancestors().nth(2).unwrap_or(Path::new("/"));
        if !root.join("conf.d").is_dir() {
            bail!(
                "{} is not a checkout of lampi; run the builder in one: cargo run --release",
                root.display()
            );
        }
        Ok(Self { root: root.to_owned() })
    }

    /// Its top directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Reads a file by its path below the top directory.
    pub(crate) fn read(&self, path: &str) -> anyhow::Result<String> {
        let path = self.root.join(path);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// The fields in [`PACKAGE`].
    pub(crate) fn package(&self) -> anyhow::Result<Table> {
        toml::from_str(&self.read(PACKAGE)?).with_context(|| format!("{PACKAGE} is not TOML"))
    }
}
