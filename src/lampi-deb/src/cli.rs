// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line of the builder.

#![allow(clippy::doc_markdown, reason = "people see these comments as they are, in a terminal")]

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::architecture::Architecture;
use crate::settings;

/// Builds the Debian package of the LAMPI lamp.
///
/// Exit status: 0 when all went well, 1 when something failed, 2 when the call was wrong.
#[derive(Debug, Parser)]
#[command(name = "lampi-deb", bin_name = "lampi-deb", version)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
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
    Check {
        /// Files as they lie in /etc/supervisor/conf.d
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Where to look for the users, commands and folders that the files name
        #[arg(long, value_name = "DIR", default_value = "/")]
        root: PathBuf,
    },
    Demo(DemoArgs),
    /// Becomes another program, which ends with the process that started this one
    #[command(hide = true)]
    Leash {
        /// The process that started this one
        parent: u32,
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        words: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
#[command(after_long_help = settings::help())]
pub struct BuildArgs {
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
pub struct RenderArgs {
    /// Folder to write the files to, instead of printing them
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// Shows the lamp on this machine, its LEDs simulated in the terminal.
///
/// Starts the machine's mosquitto, a simulated pigpiod, and the real lamp_service and lamp_ui, which it compiles first. Needs
/// neither root nor a Raspberry Pi, and disturbs no broker that runs already. lamp_ui has a window if DISPLAY names an X
/// display, else a picture file that is kept up to date. Ctrl-C, SIGTERM and closing the window end all of it, and leave
/// nothing behind.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// TCP port of the MQTT broker, on 127.0.0.1 [default: a free one]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Folder of lamp_service, lamp_ui and fbcp, which then are not compiled
    #[arg(long, value_name = "DIR")]
    pub programs: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct SettingsArgs {
    /// Changes a setting of the package; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// TOML file of settings; --set wins over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
