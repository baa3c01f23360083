// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line of the builder.

#![allow(clippy::doc_markdown, reason = "people see these comments as they are, in a terminal")]

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::architecture::Architecture;
use crate::settings::{self, Settings};

/// Builds the Debian package of the LAMPI lamp.
///
/// Exit status: 0 when all went well, 1 when something failed, 2 when the call was wrong.
#[derive(Debug, Parser)]
#[command(name = "lampi-deb", bin_name = "lampi-deb", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Compiles everything and makes the package, its .sha256 and its .buildinfo
    Build(BuildArgs),
    /// Prints the Supervisor files as they would be packaged
    Render(RenderArgs),
    /// Reads a built package on its own and tells whether it keeps its promises
    Verify {
        /// The package
        file: PathBuf,
    },
    /// Checks Supervisor configuration files: what would stop supervisord, and what it would ignore in silence
    ///
    /// This is the program supervisor-check.
    Check(supervisor_check::Arguments),
    /// Shows the lamp on this machine, its LEDs simulated in the terminal; compiles what it shows first
    #[command(disable_help_flag = true)]
    Demo {
        /// Options of the demonstration, which `--help` lists
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
#[command(after_long_help = settings::help())]
pub(crate) struct BuildArgs {
    /// Architecture of the lamp: arm64 or armhf, as `dpkg --print-architecture` says there. armhf is for the Raspberry Pi 2
    /// and newer and the Zero 2 W, not for the Pi 1, Zero and Zero W [default: the one of this machine]
    #[arg(long)]
    pub arch: Option<Architecture>,
    /// Folder for the package, which is named as Debian does
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// The package's own path, instead of --out
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

#[derive(Debug, Args)]
#[command(after_long_help = settings::help())]
pub(crate) struct RenderArgs {
    /// Folder to write the files to, instead of printing them
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SettingsArgs {
    /// Changes a setting of the package; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// TOML file of settings; --set wins over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl SettingsArgs {
    /// The settings that are asked for.
    pub(crate) fn load(&self) -> anyhow::Result<Settings> {
        Settings::load(self.config.as_deref(), &self.set)
    }
}
