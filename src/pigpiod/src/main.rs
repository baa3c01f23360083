// SPDX-License-Identifier: GPL-3.0-or-later
//! The daemon that Supervisor starts as pigpiod. It may replace itself with pigpio's own daemon.
//!
//! [`pigpiod::driver`] selects the daemon, [`pigpiod::backoff`] records starts of pigpio's own, [`lock`]
//! ensures that only one runs, and [`options`] are the options of pigpio's own. The library contains the
//! server.

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

/// Why this daemon stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// A signal arrived.
    Stopped,
    /// It is time to try pigpio's own daemon again.
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
                    warn!(
                        "cannot record the start of pigpiod, so the next start cannot detect a failure: \
                         {error:#}"
                    );
                }
                let needed = options::needed(cli);
                if !needed.is_empty() {
                    info!(
                        "starting pigpiod with the option {}: the loopback interface has no IPv6 address",
                        needed.join(" ")
                    );
                }
                let given = options::unchanged(std::env::args_os().skip(1));
                // Returns only if it fails.
                let error = Command::new(&program).args(needed).args(given).exec();
                warn!("cannot start {}: {error}; running without LEDs", program.display());
                pause = backoff::record_failure(&cli.root);
            }
            Driver::Dark { retry, .. } => pause = retry,
        }
        if serve(cli, path.as_deref(), pause)? == End::Stopped {
            return Ok(());
        }
    }
}

/// Serves clients. After `pause`, if any, returns if pigpio's own daemon should run instead.
fn serve(cli: &Cli, path: Option<&OsStr>, pause: Option<Duration>) -> anyhow::Result<End> {
    let variable = std::env::var_os(PORT_VARIABLE).map(|value| value.to_string_lossy().into_owned());
    let port = cli
        .port(variable.as_deref())
        .unwrap_or_else(|error| Cli::command().error(ErrorKind::ValueValidation, error).exit());
    let stop = signals().context("cannot receive signals")?;
    let _lock = Lock::take(&cli.root)?;
    let listeners = pigpiod::listen(port).with_context(|| {
        format!(
            "cannot listen on port {port} of 127.0.0.1 and ::1; stop the program that uses it, or set \
             another port with -p"
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
    // The chips may have appeared, or the other daemon may be uninstalled.
    if let Driver::Pigpio { .. } = driver::select(&cli.root, path, || None) {
        // The new program must not inherit blocked signals.
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

/// Becomes readable when a signal to stop arrives.
fn signals() -> nix::Result<SignalFd> {
    let signals = ending_signals();
    signals.thread_block()?;
    SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}

fn ending_signals() -> SigSet {
    [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().collect()
}
