// SPDX-License-Identifier: GPL-3.0-or-later
//! The demonstration's command line.

#![allow(clippy::doc_markdown, reason = "clap prints these comments in a terminal")]

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Show the lamp on this machine, with simulated LEDs in the terminal
///
/// Starts the machine's mosquitto, a simulated pigpiod, and the real lamp_service and lamp_ui. Needs neither
/// root nor a Raspberry Pi, and does not affect a running broker. lamp_ui opens a window if DISPLAY names an
/// X display; otherwise it keeps a PNG file up to date. Ctrl-C, SIGTERM and closing the window stop the
/// demonstration and leave nothing behind.
#[derive(Debug, Parser)]
#[command(name = "demo", bin_name = "demo", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub demo: DemoArgs,
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// TCP port of the MQTT broker, on 127.0.0.1 [default: a free one]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Directory of lamp_service, lamp_ui and fbcp [default: that of this program]
    #[arg(long, value_name = "DIR")]
    pub programs: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run another program, which ends with the process that started this one
    #[command(hide = true)]
    DieWithParent {
        /// The process that started this one
        parent: u32,
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command_line: Vec<OsString>,
    },
}
