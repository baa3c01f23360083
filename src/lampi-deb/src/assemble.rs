// SPDX-License-Identifier: GPL-3.0-or-later
//! Packs the staging directory with cargo-deb.
//!
//! cargo-deb requires a cargo manifest. The builder generates one from debian/package.toml, the version, the
//! dependencies and the list of staged files.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, bail};
use cargo_deb::assets::{apply_compressed_assets, compressed_assets};
use cargo_deb::compress::{CompressConfig, Format};
use cargo_deb::config::BuildOptions;
use cargo_deb::listener::Listener;
use cargo_deb::{BuildEnvironment, write_deb};
use toml::{Table, Value};

use crate::architecture::Architecture;
use crate::depends::Relations;
use crate::source::{PACKAGE, Source};
use crate::stage::{Stage, make_directory, write};

/// The content of a package.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub stage: &'a Stage,
    /// Directory of the maintainer scripts.
    pub scripts: &'a Path,
    pub architecture: Architecture,
    pub version: &'a str,
    /// The dependencies of the programs, in addition to those in debian/package.toml.
    pub relations: &'a Relations,
    /// Time of everything, in seconds since 1970.
    pub timestamp: u64,
}

/// Packs `parts`, which are below `directory`, and returns the bytes of the package.
pub(crate) fn assemble(source: &Source, parts: &Parts, directory: &Path) -> anyhow::Result<Vec<u8>> {
    let manifest = directory.join("Cargo.toml");
    write(&manifest, self::manifest(source, parts, directory)?.as_bytes())?;
    // cargo requires a target, even one that is never built.
    make_directory(&directory.join("src"))?;
    write(&directory.join("src/lib.rs"), b"")?;

    let path = pack(&manifest, parts, directory).context("cargo-deb could not pack it")?;
    std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// Its paths are relative to `directory`, because cargo-deb treats some absolute paths in a special way, such
/// as those with a directory `target`.
fn manifest(source: &Source, parts: &Parts, directory: &Path) -> anyhow::Result<String> {
    let relative = |path: &Path| path.strip_prefix(directory).unwrap_or(path).to_string_lossy().into_owned();
    let mut deb = source.package()?;
    let Some(Value::Array(depends)) = deb.get_mut("depends") else {
        bail!("{PACKAGE}: depends must be a list");
    };
    depends.extend(parts.relations.depends.iter().cloned().map(Value::String));
    deb.insert("pre-depends".into(), parts.relations.pre_depends.join(", ").into());
    // cargo-deb supports lists only for some of these fields. All are lists in the file, for its readers.
    for field in ["depends", "recommends", "breaks"] {
        if let Some(Value::Array(relations)) = deb.get(field) {
            let relations: Vec<_> = relations.iter().filter_map(Value::as_str).collect();
            deb.insert(field.into(), relations.join(", ").into());
        }
    }
    let assets: Vec<Value> = parts
        .stage
        .files()
        .iter()
        .map(|file| {
            let place = relative(&parts.stage.directory().join(&file.path));
            Value::Array(vec![place.into(), file.path.clone().into(), format!("{:o}", file.mode).into()])
        })
        .collect();
    deb.insert("assets".into(), assets.into());
    deb.insert("maintainer-scripts".into(), relative(parts.scripts).into());
    deb.insert("preserve-symlinks".into(), true.into());
    // No Debian revision: the project is its own upstream.
    deb.insert("revision".into(), "".into());

    let description =
        deb.remove("description").with_context(|| format!("{PACKAGE}: description is missing"))?;
    let mut package = Table::new();
    package.insert("name".into(), "lampi".into());
    package.insert("version".into(), parts.version.into());
    package.insert("edition".into(), "2024".into());
    package.insert("description".into(), description);
    package.insert("license".into(), env!("CARGO_PKG_LICENSE").into());
    package.insert("metadata".into(), Table::from_iter([("deb".to_owned(), deb.into())]).into());
    let mut manifest = Table::new();
    manifest.insert("package".into(), package.into());
    // It is not a member of a workspace above it.
    manifest.insert("workspace".into(), Table::new().into());
    Ok(toml::to_string(&manifest)?)
}

fn pack(manifest: &Path, parts: &Parts, directory: &Path) -> anyhow::Result<PathBuf> {
    let warnings = Warnings::default();
    let options = BuildOptions {
        manifest_path: Some(manifest),
        rust_target_triples: vec![parts.architecture.rust_target()],
        ..BuildOptions::default()
    };
    let (environment, packages) = BuildEnvironment::from_manifest(options, &warnings)?;
    let Some(mut package) = packages.into_iter().next() else {
        bail!("it made no package");
    };
    package.default_timestamp = parts.timestamp;
    package.resolve_assets(&warnings)?;
    package.resolved_depends = Some(package.wildcard_depends.clone());
    let compressed = compressed_assets(&package, &warnings)?;
    apply_compressed_assets(&mut package, compressed);
    package.sort_assets_by_type();
    // Fast, because it is compressed again.
    let compression =
        CompressConfig { fast: true, compress_type: Format::Xz, compress_system: false, rsyncable: false };
    let path = write_deb(&environment, directory.join("package.deb"), &package, &compression, &warnings)?;
    warnings.none()?;
    Ok(path)
}

/// Collects the warnings of cargo-deb. Each one would be a fault of the package, so it is an error here.
#[derive(Default)]
struct Warnings(Mutex<Vec<String>>);

impl Warnings {
    fn none(self) -> anyhow::Result<()> {
        let warnings = self.0.into_inner().expect("no thread panics with it");
        if !warnings.is_empty() {
            bail!("it warns: {}", warnings.join("; "));
        }
        Ok(())
    }
}

impl Listener for Warnings {
    fn warning(&self, text: String) {
        self.0.lock().expect("no thread panics with it").push(text);
    }

    fn info(&self, _: String) {}
}
