// SPDX-License-Identifier: GPL-3.0-or-later
//! Moves a finished package to its path, together with its checksum and its build record.
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use system_files::Replacement;

use crate::md5sums::hex;

/// The moved package.
#[derive(Debug)]
pub(crate) struct Artifacts {
    pub package: PathBuf,
    pub size: usize,
    pub sha256: String,
}

/// Writes all files to `directory`, then renames each to its path beside `target`.
pub(crate) fn install(
    directory: &Path,
    target: &Path,
    package: &[u8],
    buildinfo: &str,
) -> anyhow::Result<Artifacts> {
    let name = target.file_name().expect("it is a file").to_string_lossy().into_owned();
    let sha256 = hex(&Sha256::digest(package));
    // As sha256sum(1) writes and checks it.
    let checksum = format!("{sha256}  {name}\n");
    let files = [
        (target.to_owned(), package),
        (target.with_file_name(format!("{name}.sha256")), checksum.as_bytes()),
        (target.with_extension("buildinfo"), buildinfo.as_bytes()),
    ];
    // A rename onto a directory would fail after the other renames.
    if let Some((directory, _)) = files.iter().find(|(place, _)| place.is_dir()) {
        bail!("cannot write {}: it is a directory", directory.display());
    }
    let mut finished = Vec::new();
    for (number, (place, content)) in files.iter().enumerate() {
        let written = Replacement::write(&directory.join(format!("finished-{number}")), place, content);
        finished.push((written.with_context(|| format!("cannot write {}", place.display()))?, place));
    }
    for (file, place) in finished {
        file.put_in_place().with_context(|| format!("cannot write {}", place.display()))?;
    }
    Ok(Artifacts { package: target.to_owned(), size: package.len(), sha256 })
}
