// SPDX-License-Identifier: GPL-3.0-or-later
//! Finds the compiler, linker and strip for an architecture, or reports the commands that install them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::architecture::Architecture;

/// Tools that build programs for one architecture.
#[derive(Debug, Clone)]
pub(crate) struct Toolchain {
    pub cargo: PathBuf,
    pub rustc: PathBuf,
    /// The C compiler, as linker.
    pub linker: String,
    pub strip: String,
    /// Whether to compile the standard library too, from the source that is installed with the compiler.
    pub compiles_std: bool,
}

impl Toolchain {
    /// The first suitable set of tools on this machine.
    pub(crate) fn find(architecture: Architecture) -> anyhow::Result<Self> {
        let native = Architecture::host() == Some(architecture);
        let prefix = if native { String::new() } else { format!("{}-", architecture.gnu()) };
        let linker = if native { "cc".to_owned() } else { format!("{prefix}gcc") };
        let strip = format!("{prefix}strip");
        let linker_works = links(&linker) && works(Command::new(&strip).arg("--version"));

        // The cargo that runs the builder, and for cross builds Debian's, which has the standard library of
        // other architectures in ordinary packages.
        let current = (
            std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from),
            std::env::var_os("RUSTC").map_or_else(|| "rustc".into(), PathBuf::from),
        );
        let debian = (PathBuf::from("/usr/bin/cargo"), PathBuf::from("/usr/bin/rustc"));
        // Debian's compiled library for armhf is often not installable, because mirrors are out of step. So
        // the builder always compiles it, since the bytes would differ otherwise. That takes a minute of
        // processor time.
        let compiles_std = architecture == Architecture::Armhf && !native;
        let candidates = if compiles_std { vec![debian] } else { vec![current, debian] };
        let compilers = candidates.into_iter().find(|(cargo, rustc)| {
            works(Command::new(cargo).arg("--version"))
                && if compiles_std {
                    has_library_source(rustc)
                } else {
                    has_standard_library(rustc, architecture)
                }
        });

        match compilers {
            Some((cargo, rustc)) if linker_works => Ok(Self { cargo, rustc, linker, strip, compiles_std }),
            _ if native => bail!("no C linker works here; install it with: apt install gcc libc6-dev"),
            found => {
                let missing = match found {
                    Some(_) => format!("{linker} does not work"),
                    None if compiles_std => "/usr/bin/rustc has no source of the standard library".to_owned(),
                    None => {
                        format!("no rustc has the standard library of {}", architecture.rust_target())
                    }
                };
                bail!(
                    "cannot build for {architecture} on this machine: {missing}. \
                     Install what is missing with{}",
                    installation(architecture, compiles_std)
                )
            }
        }
    }
}

/// The commands that install the tools for a cross build.
fn installation(architecture: Architecture, compiles_std: bool) -> String {
    let (gnu, target) = (architecture.gnu(), architecture.rust_target());
    if compiles_std {
        return format!(
            "\n\x20 apt install rustc-web cargo-web rust-web-src gcc-{gnu} libc6-dev-{architecture}-cross"
        );
    }
    format!(
        " either\n\
         \x20 dpkg --add-architecture {architecture} && apt update\n\
         \x20 apt install rustc-web cargo-web libstd-rust-web-dev:{architecture} gcc-{gnu} libc6-dev:{architecture}\n\
         or\n\
         \x20 rustup target add {target}\n\
         \x20 apt install gcc-{gnu} libc6-dev-{architecture}-cross"
    )
}

fn works(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn has_standard_library(rustc: &Path, architecture: Architecture) -> bool {
    let Some(libraries) = rustlib(rustc) else { return false };
    std::fs::read_dir(libraries.join(architecture.rust_target()).join("lib")).is_ok_and(|mut entries| {
        entries
            .any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")))
    })
}

/// Whether the source of the standard library is installed.
fn has_library_source(rustc: &Path) -> bool {
    rustlib(rustc).is_some_and(|libraries| libraries.join("src/rust/library/Cargo.lock").exists())
}

/// The directory of a compiler's libraries.
fn rustlib(rustc: &Path) -> Option<PathBuf> {
    let output = Command::new(rustc).args(["--print", "sysroot"]).output().ok()?;
    Some(Path::new(String::from_utf8_lossy(&output.stdout).trim_end()).join("lib/rustlib"))
}

/// Whether the C compiler works and has the C library's start files. It prints the full path of a file that
/// it finds.
fn links(linker: &str) -> bool {
    Command::new(linker)
        .arg("-print-file-name=crt1.o")
        .output()
        .is_ok_and(|output| output.status.success() && output.stdout.starts_with(b"/"))
}
