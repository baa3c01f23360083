// SPDX-License-Identifier: GPL-3.0-or-later
//! Finds the compiler, linker and strip for an architecture, or tells which commands install them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::architecture::Architecture;

/// Tools that make programs for one architecture.
#[derive(Debug, Clone)]
pub struct Toolchain {
    pub cargo: PathBuf,
    pub rustc: PathBuf,
    /// The C compiler, as linker.
    pub linker: String,
    pub strip: String,
}

impl Toolchain {
    /// The first set of tools on this machine that fits.
    pub fn find(architecture: Architecture) -> anyhow::Result<Self> {
        let native = Architecture::host() == Some(architecture);
        let prefix = if native { String::new() } else { format!("{}-", architecture.gnu()) };
        let linker = if native { "cc".to_owned() } else { format!("{prefix}gcc") };
        let strip = format!("{prefix}strip");

        // The cargo that runs the builder, and for cross builds Debian's, whose standard libraries for other
        // architectures are ordinary packages.
        let current = (
            std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from),
            std::env::var_os("RUSTC").map_or_else(|| "rustc".into(), PathBuf::from),
        );
        let debian = (PathBuf::from("/usr/bin/cargo"), PathBuf::from("/usr/bin/rustc"));
        let compilers = [current, debian].into_iter().find(|(cargo, rustc)| {
            works(Command::new(cargo).arg("--version")) && has_standard_library(rustc, architecture)
        });

        match compilers {
            Some((cargo, rustc)) if links(&linker) && works(Command::new(&strip).arg("--version")) => {
                Ok(Self { cargo, rustc, linker, strip })
            }
            _ if native => bail!("no C linker works here; install it with: apt install gcc libc6-dev"),
            found => bail!(
                "cannot build for {architecture} on this machine: {}. Install what is missing with either\n\
                 \x20 dpkg --add-architecture {architecture} && apt update\n\
                 \x20 apt install rustc-web cargo-web libstd-rust-web-dev:{architecture} gcc-{gnu} libc6-dev:{architecture}\n\
                 or\n\
                 \x20 rustup target add {target}\n\
                 \x20 apt install gcc-{gnu} libc6-dev-{architecture}-cross",
                if found.is_none() {
                    format!("no rustc has the standard library of {}", architecture.rust_target())
                } else {
                    format!("{linker} does not work")
                },
                gnu = architecture.gnu(),
                target = architecture.rust_target(),
            ),
        }
    }
}

fn works(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn has_standard_library(rustc: &Path, architecture: Architecture) -> bool {
    let Ok(output) = Command::new(rustc).args(["--print", "sysroot"]).output() else {
        return false;
    };
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end());
    let folder = sysroot.join("lib/rustlib").join(architecture.rust_target()).join("lib");
    std::fs::read_dir(folder).is_ok_and(|mut entries| {
        entries
            .any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")))
    })
}

/// Whether the C compiler is there and has the C library's start files: it prints the full path of those it finds.
fn links(linker: &str) -> bool {
    Command::new(linker)
        .arg("-print-file-name=crt1.o")
        .output()
        .is_ok_and(|output| output.status.success() && output.stdout.starts_with(b"/"))
}
