// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp itself: MQTT requests in, LEDs and the lamp's state out.
//!
//! Three threads. That of the MQTT connection hears requests, changes the state ([`service`]), hands the colour to that
//! of the LEDs ([`leds`]) and tells the change. The main thread keeps the state in its file ([`state_file`]), which may
//! take long on an SD card, and waits for signals. Only the newest state ever waits for anybody.

mod bell;
mod cli;
mod leds;
mod service;
mod state_file;

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use clap::Parser;
use lamp::session::{self, QoS};
use lamp::topic;
use log::{LevelFilter, info};
use signal_hook::consts::{SIGINT, SIGTERM};

use bell::{Bell, Heard};
use cli::Cli;
use leds::Leds;
use service::Service;
use state_file::StateFile;

/// Name of the program, and its MQTT client id.
const NAME: &str = "lamp_service";

/// Time until a state for which the connection had no room is published again.
const PUBLISH_AGAIN: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    let cli = Cli::parse();
    program::start_logging(NAME, LevelFilter::Info);
    program::exit_code(NAME, run(cli))
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let pigpiod = cli.pigpiod(|name| std::env::var(name).ok()).map_err(|error| anyhow!(error))?;
    info!(
        "version {}; broker {}, pigpiod {pigpiod}, state in {}",
        env!("CARGO_PKG_VERSION"),
        cli.broker,
        cli.state.display()
    );
    let signals = on_signals().context("cannot prepare for signals")?;
    let (file, state) = StateFile::open(cli.state)?;
    let leds = Leds::start(pigpiod, state.duty_cycles())?;
    let changed = Bell::new().context("cannot make a socket pair")?;
    let service = Arc::new(Service::new(state, leds, changed));
    let options = session::Options {
        host: cli.broker.bracketed_host(),
        port: cli.broker.port,
        client_id: NAME.into(),
        subscriptions: vec![(topic::SET_CONFIG.into(), QoS::AtLeastOnce)],
    };
    let ears = Arc::clone(&service);
    service.publish_by(session::start(options, move |event| ears.hear(event))?);
    keep(&service, file, &signals)
}

/// Becomes readable with the first signal that ends the program.
fn on_signals() -> std::io::Result<UnixStream> {
    let (signals, handler) = UnixStream::pair()?;
    for signal in [SIGTERM, SIGINT] {
        signal_hook::low_level::pipe::register(signal, handler.try_clone()?)?;
    }
    Ok(signals)
}

/// Keeps the newest state in its file until a signal comes.
///
/// Then it simply returns, and the process with all its threads ends: the LEDs keep their colour, and the broker tells
/// by the Last Will that the lamp is gone.
fn keep(service: &Service, mut file: StateFile, signals: &UnixStream) -> anyhow::Result<()> {
    loop {
        let (state, unpublished) = service.newest();
        let write = file.keep(&state);
        let publish = unpublished.then(|| Instant::now() + PUBLISH_AGAIN);
        let until = write.into_iter().chain(publish).min();
        match service.changed().wait(signals.as_fd(), until).context("cannot wait for changes")? {
            Heard::Bell => {}
            Heard::Nothing => service.publish_again(),
            Heard::Other => {
                file.flush(&service.newest().0);
                info!("ended by a signal");
                return Ok(());
            }
        }
    }
}
