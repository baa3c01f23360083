// SPDX-License-Identifier: GPL-3.0-or-later
//! The daemon that Supervisor starts under the name pigpiod, and the choice between it and pigpio's own.
//!
//! [`pigpiod::choice`] says which one runs, with [`stamp`] for what became of the last start of pigpio's own; [`lock`] is the file by
//! which only one of them runs. The work is done by the library.

mod cli;
mod lock;
mod stamp;

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use log::{LevelFilter, info, warn};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use pigpio::PORT_VARIABLE;
use pigpiod::choice::{self, Choice};
use pigpiod::kernel::Kernel;
use pigpiod::{Pins, Server};

use cli::Cli;
use lock::Lock;

const NAME: &str = "lampi-pigpiod";

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.pigpio_version {
        let printed = writeln!(std::io::stdout(), "{}", pigpio::protocol::VERSION);
        return program::exit_code(NAME, printed.context("cannot write the version"));
    }
    program::start_logging(NAME, LevelFilter::Info);
    program::exit_code(NAME, run(&cli))
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let path = std::env::var_os("PATH");
    let choice = choice::choose(&cli.root, path.as_deref(), || stamp::take_refusal(&cli.root));
    info!("{choice}");
    if let Choice::Pigpio { program, .. } = choice {
        if let Err(error) = stamp::remember(&cli.root) {
            warn!("if pigpiod refuses to run, that will not be known at the next start: {error:#}");
        }
        // It returns only if it fails.
        let error = Command::new(&program).args(unchanged(std::env::args_os().skip(1))).exec();
        warn!("cannot start {}: {error}; this daemon runs without LEDs", program.display());
    }
    serve(cli)
}

/// The options as they came, but for the one that pigpio does not have.
fn unchanged(options: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut options = options;
    while let Some(option) = options.next() {
        if option == "--root" {
            options.next();
        } else if !option.to_string_lossy().starts_with("--root=") {
            kept.push(option);
        }
    }
    kept
}

fn serve(cli: &Cli) -> anyhow::Result<()> {
    let variable = std::env::var_os(PORT_VARIABLE).map(|value| value.to_string_lossy().into_owned());
    let port = cli
        .port(variable.as_deref())
        .unwrap_or_else(|error| Cli::command().error(ErrorKind::ValueValidation, error).exit());
    let stop = signals().context("cannot receive signals")?;
    let _lock = Lock::take(&cli.root)?;
    let listeners = pigpiod::listen(port).with_context(|| {
        format!(
            "cannot listen on port {port} of 127.0.0.1 and ::1; end what does, or choose another port with -p"
        )
    })?;
    let pins = Pins::new(Kernel::of_machine(&cli.root), cli.changeable.unwrap_or(u64::MAX));
    let mut server = Server::new(listeners, pins).context("cannot prepare the sockets")?;
    let addresses: Vec<String> = server.addresses().iter().map(ToString::to_string).collect();
    info!("listening on {}", addresses.join(" and "));
    server.run(Some(stop.as_fd())).context("cannot wait for clients")
}

/// Becomes readable when the daemon shall end.
fn signals() -> nix::Result<SignalFd> {
    let ends: SigSet = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().collect();
    ends.thread_block()?;
    SignalFd::with_flags(&ends, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}
