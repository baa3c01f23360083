// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line of the builder.

#![allow(clippy::doc_markdown, reason = "the help prints these comments as they are")]

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::architecture::Architecture;
use crate::settings::{self, Settings};

/// Build and check the Debian package of the LAMPI lamp.
#[derive(Debug, Parser)]
#[command(name = "lampi-deb", bin_name = "lampi-deb", version, after_long_help = EXIT_STATUS)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

const EXIT_STATUS: &str = "\
Exit status:
  0  Success.
  1  Failure, or a check found a problem; standard error or the report has the reason.
  2  Usage error.";

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Compile the programs and build the package
    ///
    /// The package comes with a .sha256 and a .buildinfo file.
    Build(BuildArgs),
    /// Print the Supervisor files of the package, or write its man pages
    Render(RenderArgs),
    /// Check a built package
    Verify {
        /// The package
        file: PathBuf,
        /// Also check what a release requires, such as a real maintainer
        #[arg(long)]
        release: bool,
    },
    /// Check Supervisor configuration files for errors
    ///
    /// This is the program supervisor-check.
    Check(supervisor_check::Arguments),
    /// Compile and run the demonstration of the lamp on this machine
    ///
    /// The demonstration simulates the LEDs in the terminal.
    #[command(disable_help_flag = true)]
    Demo {
        /// Options of the demonstration; `--help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
#[command(after_long_help = settings::help())]
pub(crate) struct BuildArgs {
    /// Architecture of the lamp [default: that of this machine]
    ///
    /// `dpkg --print-architecture` prints it on the lamp. armhf is for the Raspberry Pi 2 and newer and the
    /// Zero 2 W, not for the Pi 1, Zero and Zero W.
    #[arg(long)]
    pub arch: Option<Architecture>,
    /// Directory for the package
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Path of the package, instead of --out
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

#[derive(Debug, Args)]
#[command(after_long_help = settings::help())]
pub(crate) struct RenderArgs {
    /// Directory to write the files to, instead of printing them
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write the man pages to this directory, and no Supervisor files
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    pub man_pages: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SettingsArgs {
    /// Set a setting of the package; repeat for more settings
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// TOML file with settings; --set takes precedence
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl SettingsArgs {
    /// The resulting settings.
    pub(crate) fn load(&self) -> anyhow::Result<Settings> {
        Settings::load(self.config.as_deref(), &self.set)
    }
}
