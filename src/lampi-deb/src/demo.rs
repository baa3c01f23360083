// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi-deb demo`: compiles the demonstration with its programs, and executes it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::compile::artifacts;
use crate::interrupt::Interrupt;
use crate::source::Source;

/// Executes the demonstration with `arguments`. Returns only on failure.
pub(crate) fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let source = Source::find()?;
    let interrupt = Interrupt::listen()?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--locked", "--message-format=json-render-diagnostics"])
        .args(["--features", "lamp_ui/desktop"])
        .current_dir(source.root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    // The demonstration looks for its programs in its own directory.
    for package in programs::demonstrated().map(|program| program.name).chain(["demo"]) {
        cargo.args(["--package", package]);
    }
    let binaries = artifacts(&mut cargo, &interrupt)?;
    let Some(demo) = binaries.get("demo") else { bail!("cargo did not build the program demo") };
    let error = Command::new(demo).args(arguments).exec();
    Err(error).with_context(|| format!("cannot start {}", demo.display()))
}
