// SPDX-License-Identifier: GPL-3.0-or-later
//! The daemon that Supervisor starts under the name pigpiod, which may start pigpio's own in its place.
//!
//! [`pigpiod::driver`] says which one runs, with [`pigpiod::backoff`] for what became of the last start of pigpio's own; [`lock`]
//! is the file by which only one of them runs, [`options`] what pigpio's own is started with. The work is done by the library.

mod lock;
mod options;

use std::ffi::OsStr;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use log::{LevelFilter, info, warn};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use pigpio::PORT_VARIABLE;
use pigpiod::driver::{self, Driver};
use pigpiod::kernel::Kernel;
use pigpiod::{Pins, Server, backoff};

use lock::Lock;
use programs::pigpiod::Cli;

const NAME: &str = "lampi-pigpiod";

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.pigpio_version {
        let printed = writeln!(std::io::stdout(), "{}", pigpio::protocol::VERSION);
        return runtime::exit_code(NAME, printed.context("cannot write the version"));
    }
    runtime::start_logging(NAME, LevelFilter::Info);
    runtime::exit_code(NAME, run(&cli))
}

/// Why this daemon ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// A signal asked for it.
    Stopped,
    /// pigpio's own daemon is worth another try.
    Retry,
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let path = std::env::var_os("PATH");
    loop {
        let driver = driver::select(&cli.root, path.as_deref(), || backoff::judge_start(&cli.root));
        info!("{driver}");
        let mut pause = None;
        match driver {
            Driver::Kernel => {}
            Driver::Pigpio { program, .. } => {
                if let Err(error) = backoff::record_start(&cli.root) {
                    warn!("if pigpiod refuses to run, that will not be known at the next start: {error:#}");
                }
                let needed = options::needed(cli);
                if !needed.is_empty() {
                    info!("pigpiod is told {} too: the loopback has no IPv6 to listen on", needed.join(" "));
                }
                let given = options::unchanged(std::env::args_os().skip(1));
                // It returns only if it fails.
                let error = Command::new(&program).args(needed).args(given).exec();
                warn!("cannot start {}: {error}; this daemon runs without LEDs", program.display());
                pause = backoff::record_failure(&cli.root);
            }
            Driver::Dark { retry, .. } => pause = retry,
        }
        if serve(cli, path.as_deref(), pause)? == End::Stopped {
            return Ok(());
        }
    }
}

/// Answers clients; after `pause`, if there is one, only as long as pigpio's own daemon cannot do it better.
fn serve(cli: &Cli, path: Option<&OsStr>, pause: Option<Duration>) -> anyhow::Result<End> {
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
    let timer = pause.map(timer).transpose().context("cannot set a timer")?;
    let mut ends = vec![stop.as_fd()];
    ends.extend(timer.as_ref().map(AsFd::as_fd));
    if server.run(&ends).context("cannot wait for clients")? == 0 {
        return Ok(End::Stopped);
    }
    // The chips may have come meanwhile, or the other daemon may be gone.
    if let Driver::Pigpio { .. } = driver::select(&cli.root, path, || None) {
        // Else it would inherit that they are blocked.
        ending_signals().thread_unblock().context("cannot receive signals")?;
        return Ok(End::Retry);
    }
    server.run(&[stop.as_fd()]).context("cannot wait for clients")?;
    Ok(End::Stopped)
}

/// Becomes readable after `pause`.
fn timer(pause: Duration) -> nix::Result<TimerFd> {
    let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, TimerFlags::TFD_CLOEXEC)?;
    timer.set(Expiration::OneShot(pause.into()), TimerSetTimeFlags::empty())?;
    Ok(timer)
}

/// Becomes readable when a signal asks the daemon to end.
fn signals() -> nix::Result<SignalFd> {
    let signals = ending_signals();
    signals.thread_block()?;
    SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}

fn ending_signals() -> SigSet {
    [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().collect()
}
