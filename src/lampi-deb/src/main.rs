// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi-deb` builds and verifies the Debian package of the LAMPI lamp, checks Supervisor files, and starts
//! the demonstration.
//!
//! The stages of `build`: settings and templates -> rendered confs; sources -> compiled programs; both -> a
//! staging directory -> cargo-deb -> md5sums and compression -> verification -> the package, renamed into
//! place.
//!
//! The builder uses the source tree, cargo and the rules for Debian packages. It does not depend on the
//! machine where the package is installed, and never starts a program of the package.

mod architecture;
mod assemble;
mod build;
mod buildinfo;
mod changelog;
mod check;
mod cli;
mod compile;
mod completions;
mod deb;
mod demo;
mod depends;
mod install;
mod interrupt;
mod maintainer;
mod md5sums;
mod notices;
mod pages;
mod render;
mod repack;
mod settings;
mod source;
mod stage;
mod toolchain;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Verb};

fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Build(args) => build::run(&args).map(|()| true),
        Verb::Render(args) => render::run(&args).map(|()| true),
        Verb::Verify { file, release } => verify::run(&file, release),
        Verb::Check(arguments) => return supervisor_check::run("lampi-deb", &arguments),
        Verb::Demo { arguments } => demo::run(&arguments).map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => runtime::exit_code("lampi-deb", Err(error)),
    }
}
