// SPDX-License-Identifier: GPL-3.0-or-later
//! Compiles and strips the programs, so that the same sources give the same bytes in every directory.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::architecture::Architecture;
use crate::interrupt::Interrupt;
use crate::source::Source;
use crate::toolchain::Toolchain;

/// Compiles and strips all programs, and writes them to their paths in `directory`.
pub(crate) fn compile(
    source: &Source,
    architecture: Architecture,
    toolchain: &Toolchain,
    directory: &Path,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    fetch(source, toolchain, architecture, interrupt)?;
    let binaries = cargo_build(source, architecture, toolchain, interrupt)?;
    for program in programs::PROGRAMS {
        let Some(binary) = binaries.get(program.name) else {
            bail!("cargo did not build the program {}", program.name);
        };
        strip(toolchain, binary, &directory.join(program.packaged_path()), interrupt)?;
    }
    Ok(())
}

/// A cargo command in the workspace, with the locked dependencies.
pub(crate) fn cargo(source: &Source, toolchain: &Toolchain, verb: &str) -> Command {
    let mut command = Command::new(&toolchain.cargo);
    command
        .args([verb, "--locked"])
        .current_dir(source.root())
        .env("RUSTC", &toolchain.rustc)
        .stdin(Stdio::null());
    command
}

/// A cargo command that compiles, independent of the caller's environment.
fn cargo_for(source: &Source, toolchain: &Toolchain, verb: &str, architecture: Architecture) -> Command {
    let mut command = cargo(source, toolchain, verb);
    command.args(["--target", architecture.rust_target()]);
    if toolchain.compiles_std {
        // A stable cargo rejects this option otherwise. The compiler and the library are of the same release.
        command.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
    }
    for (name, _) in std::env::vars_os() {
        // The package depends on the profile and the flags.
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PROFILE_") || name_text == "RUSTFLAGS" {
            command.env_remove(name);
        }
    }
    command
}

/// Downloads the crates first: the compiler's flags contain their directories.
fn fetch(
    source: &Source,
    toolchain: &Toolchain,
    architecture: Architecture,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    let status = interrupt
        .with_child(&mut cargo_for(source, toolchain, "fetch", architecture), |child| Ok(child.wait()?))?;
    if !status.success() {
        bail!("cargo fetch failed; its output has the reason");
    }
    Ok(())
}

/// A message of cargo about a finished artifact; other messages do not have these fields.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    target: Option<MessageTarget>,
}

#[derive(Deserialize)]
struct MessageTarget {
    name: String,
}

/// Compiles all programs and returns their paths.
fn cargo_build(
    source: &Source,
    architecture: Architecture,
    toolchain: &Toolchain,
    interrupt: &Interrupt,
) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut command = cargo_for(source, toolchain, "build", architecture);
    command
        .args(["--profile", "packaged", "--message-format=json-render-diagnostics"])
        .env("CARGO_ENCODED_RUSTFLAGS", encoded(&rust_flags(source, toolchain)?))
        .stdout(Stdio::piped());
    if toolchain.compiles_std {
        // A separate directory, because RUSTC_BOOTSTRAP makes cargo compile every crate again, here and in
        // the next call.
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| source.root().join("target"), PathBuf::from);
        command.arg("--target-dir").arg(target.join("build-std"));
    }
    if Architecture::host() != Some(architecture) {
        // Not for the host, where cc is the default: the variable would make cargo build the builder's crates
        // again.
        let target = architecture.rust_target().to_uppercase().replace('-', "_");
        command.env(format!("CARGO_TARGET_{target}_LINKER"), &toolchain.linker);
    }
    for program in programs::PROGRAMS {
        command.args(["--package", program.name]);
    }
    artifacts(&mut command, interrupt)
}

/// Runs a build that writes JSON messages to standard output, and returns the paths of the built programs.
pub(crate) fn artifacts(
    command: &mut Command,
    interrupt: &Interrupt,
) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    interrupt.with_child(command, |child| {
        let mut binaries = BTreeMap::new();
        for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
            let line = line.context("cannot read the output of cargo")?;
            if let Ok(Message { executable: Some(path), target: Some(target) }) = serde_json::from_str(&line)
            {
                binaries.insert(target.name, path);
            }
        }
        if !child.wait()?.success() {
            bail!("the programs do not compile; cargo's output has the reason");
        }
        Ok(binaries)
    })
}

/// Flags that keep the paths of this machine out of the programs, whose panic messages would contain them.
fn rust_flags(source: &Source, toolchain: &Toolchain) -> anyhow::Result<Vec<OsString>> {
    let mut flags = Vec::new();
    let mut remap = |from: &Path, to: &str| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from);
        flag.push("=");
        flag.push(to);
        flags.push(flag);
    };
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        remap(&std::path::absolute(&target)?, "/lampi/target");
    }
    remap(source.root(), "/lampi");
    let sysroot = print(toolchain, &["--print", "sysroot"])?;
    let library = Path::new(sysroot.trim_end()).join("lib/rustlib/src/rust");
    remap(&library, "/rust");
    // In Debian it is a symbolic link.
    if let Ok(directory) = library.canonicalize() {
        remap(&directory, "/rust");
    }
    // The directory below src has the name of the registry, which may be a mirror.
    let crates = cargo_home()?.join("registry/src");
    let entries = std::fs::read_dir(&crates).with_context(|| format!("cannot read {}", crates.display()))?;
    for entry in entries {
        remap(&entry?.path(), "/crates");
    }
    Ok(flags)
}

fn print(toolchain: &Toolchain, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(&toolchain.rustc)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run {}", toolchain.rustc.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn cargo_home() -> anyhow::Result<PathBuf> {
    let home = match std::env::var_os("CARGO_HOME") {
        Some(path) => std::path::absolute(path)?,
        None => std::env::home_dir().context("neither CARGO_HOME nor HOME is set")?.join(".cargo"),
    };
    Ok(home)
}

/// The format of `CARGO_ENCODED_RUSTFLAGS`, which supports blanks in paths.
fn encoded(flags: &[OsString]) -> OsString {
    flags.join("\u{1f}".as_ref())
}

/// Strips a program as Debian Policy 10.1 recommends.
fn strip(toolchain: &Toolchain, from: &Path, to: &Path, interrupt: &Interrupt) -> anyhow::Result<()> {
    let mut command = Command::new(&toolchain.strip);
    command
        .args(["--strip-unneeded", "--remove-section=.comment", "--remove-section=.note", "-o"])
        .arg(to)
        .arg(from);
    command.stderr(Stdio::piped());
    let (status, complaint) = interrupt.with_child(&mut command, |child| {
        let mut complaint = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut complaint)?;
        Ok((child.wait()?, complaint))
    })?;
    if !status.success() {
        bail!(
            "{} could not strip {} into {}: {}",
            toolchain.strip,
            from.display(),
            to.display(),
            complaint.trim()
        );
    }
    Ok(())
}
