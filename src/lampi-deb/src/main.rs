// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi-deb` builds the Debian package of the LAMPI lamp, looks into built ones, checks Supervisor files, and starts
//! the demonstration.
//!
//! `build` goes one way: settings and templates -> rendered confs; sources -> compiled programs; both -> a staging
//! directory -> cargo-deb -> md5sums and compression -> verification -> the package, moved into place by renaming it.
//!
//! It knows the source tree, cargo and the rules for Debian packages. It never knows the machine that the package is installed
//! on, and never starts a program of the package.

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
        Verb::Verify { file } => verify::run(&file),
        Verb::Check(arguments) => return supervisor_check::run("lampi-deb", &arguments),
        Verb::Demo { arguments } => demo::run(&arguments).map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => runtime::exit_code("lampi-deb", Err(error)),
    }
}
