// SPDX-License-Identifier: GPL-3.0-or-later
//! The record of a build (deb-buildinfo(5)): the package and the tools.

use std::process::Command;
use std::time::SystemTime;

use anyhow::Context;
use chrono::DateTime;
use md5::Digest;
use sha2::Sha256;

use crate::architecture::Architecture;
use crate::deb::Deb;
use crate::md5sums::hex;
use crate::toolchain::Toolchain;

/// The content of the record.
#[derive(Debug)]
pub(crate) struct BuildInfo<'a> {
    pub deb: &'a Deb,
    /// Bytes of the package.
    pub package: &'a [u8],
    pub architecture: Architecture,
    pub toolchain: &'a Toolchain,
    /// Time stamp of the package's files.
    pub timestamp: u64,
}

/// The text of the record. The tools are in non-standard fields, because they need not be Debian packages.
pub(crate) fn buildinfo(info: &BuildInfo) -> anyhow::Result<String> {
    let version = info.deb.field("Version").unwrap_or_default();
    let build_architecture = Architecture::host().map_or(std::env::consts::ARCH, Architecture::debian);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let now = i64::try_from(now).ok().and_then(|now| DateTime::from_timestamp(now, 0)).unwrap_or_default();
    Ok(format!(
        "Format: 1.0\n\
         Source: lampi\n\
         Binary: lampi\n\
         Architecture: {architecture}\n\
         Version: {version}\n\
         Checksums-Sha256:\n {sha256} {size} lampi_{version}_{architecture}.deb\n\
         Build-Architecture: {build_architecture}\n\
         Build-Date: {date}\n\
         Environment:\n SOURCE_DATE_EPOCH=\"{timestamp}\"\n\
         X-Rustc: {rustc}\n\
         X-Cargo: {cargo}\n\
         X-Standard-Library: {library}\n\
         X-Linker: {linker}\n\
         X-Strip: {strip}\n",
        architecture = info.architecture,
        sha256 = hex(&Sha256::digest(info.package)),
        size = info.package.len(),
        date = now.to_rfc2822(),
        timestamp = info.timestamp,
        rustc = version_of(&info.toolchain.rustc)?,
        cargo = version_of(&info.toolchain.cargo)?,
        library =
            if info.toolchain.compiles_std { "compiled from the rustc's source" } else { "the rustc's" },
        linker = version_of(&info.toolchain.linker)?,
        strip = version_of(&info.toolchain.strip)?,
    ))
}

/// The first line of `TOOL --version`.
fn version_of(tool: impl AsRef<std::ffi::OsStr>) -> anyhow::Result<String> {
    let tool = tool.as_ref();
    let output = Command::new(tool)
        .arg("--version")
        .output()
        .with_context(|| format!("cannot run {}", tool.to_string_lossy()))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}
