// SPDX-License-Identifier: GPL-3.0-or-later
//! Copies one framebuffer to another, storing only what changed.
//!
//! It knows two framebuffers by their geometry and formats. It never knows who draws on the source or which panel the target
//! is, and it knows nothing of the lamp.
//!
//! [`endpoints`] opens the two framebuffers and waits for their [`arrival`]; [`copier`] looks at the source and stores
//! to the target; [`frame`] knows what is to be stored, with [`fit`] for frames of another size; [`poll_timer`] says when to
//! poll again; [`signals`] end the program or ask for its [`statistics`]; [`snapshot`] keeps a frame in a file.

mod arrival;
mod copier;
mod endpoints;
mod fit;
mod frame;
mod poll_timer;
#[cfg(test)]
mod reference;
mod signals;
mod snapshot;
mod statistics;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use framebuffer::{Console, Error, Rotation};
use log::{LevelFilter, info, warn};

use copier::Copier;
use endpoints::Endpoints;
use frame::RenderOptions;
use poll_timer::PollTimer;
use programs::fbcp::{AtEnd, Cli, Dither};
use signals::Signals;
use statistics::Statistics;

/// The pause before a framebuffer that was lost is opened again, so that a device that comes and goes does not keep the
/// processor busy.
const RETRY: Duration = Duration::from_secs(1);

/// Time between the lines of --stats.
const BETWEEN_LINES: Duration = Duration::from_mins(1);

/// How a copy ended that had begun.
enum End {
    Stopped,
    Lost(Error),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let endpoints = Endpoints::of(&cli);
    runtime::start_logging("fbcp", LevelFilter::Info);
    runtime::exit_code("fbcp", run(&cli, &endpoints))
}

fn run(cli: &Cli, endpoints: &Endpoints) -> anyhow::Result<()> {
    if let Some(file) = &cli.snapshot {
        return snapshot::take(&endpoints.for_snapshot(cli.snapshot_of)?, file);
    }
    let mut signals = Signals::new().context("signals cannot be received")?;
    let mut statistics = Statistics::new();
    // What cannot be used at the start is a mistake that somebody must know of. What could be used once and cannot now is on
    // its way back, as a device half set up after a mode change is, and is waited for.
    let mut has_copied = false;
    // Kept when only the target is lost: a console that came back would draw over the source meanwhile.
    let mut console = None;
    while let Some(source) = endpoints.open_source(has_copied, &mut signals, &statistics)? {
        // Before there is a target: where there never will be one, the source is the lamp's panel itself.
        if cli.console == programs::fbcp::Console::Silence && console.is_none() {
            console = silence(&source);
        }
        let Some(target) = endpoints.open_target(&source, has_copied, &mut signals, &statistics)? else {
            break;
        };
        let mut copier = Copier::new(source, target, options(cli))?;
        info!("{}", copier.description());
        match copy(cli, &mut copier, &mut signals, &mut statistics)? {
            End::Stopped => break,
            End::Lost(error) if cli.once => return Err(error.into()),
            End::Lost(error) => warn!("{error}; opening it again"),
        }
        if copier.source_is_lost() {
            console = None;
        }
        has_copied = true;
        drop(copier);
        if endpoints::pause(RETRY, &mut signals, &statistics)? {
            break;
        }
    }
    if cli.at_end == AtEnd::Blank
        && !cli.once
        && let Err(error) = endpoints.blank_target()
    {
        warn!("the target is not made black: {error}");
    }
    if cli.stats {
        info!("{statistics}");
    }
    info!("stopped");
    Ok(())
}

fn options(cli: &Cli) -> RenderOptions {
    // The command line knows no other.
    let rotation = cli.rotate.parse().ok().and_then(Rotation::clockwise).unwrap_or_default();
    RenderOptions { rotation, fit: cli.fit, dither: cli.dither == Dither::Ordered }
}

/// Silences the console that draws on the source. Where that is not allowed, the lamp still has its screen.
fn silence(source: &framebuffer::Surface) -> Option<Console> {
    match Console::silence(source) {
        Ok(None) => None,
        Ok(Some(console)) => {
            info!("the text console tty{} is silent until fbcp ends", console.number());
            Some(console)
        }
        Err(error) => {
            warn!("the text console stays on the screen: {error}");
            None
        }
    }
}

/// Copies until the program is to stop or a side is lost.
fn copy(
    cli: &Cli,
    copier: &mut Copier,
    signals: &mut Signals,
    statistics: &mut Statistics,
) -> anyhow::Result<End> {
    let mut timer = PollTimer::new(cli.fps, Instant::now());
    let mut next_line = Instant::now() + BETWEEN_LINES;
    loop {
        match if timer.is_still() { copier.poll_sample() } else { copier.poll_all() } {
            Err(error) => return Ok(End::Lost(error)),
            Ok(_) if cli.once => return Ok(End::Stopped),
            Ok((rows, bytes)) => {
                statistics.add(rows, bytes);
                if cli.stats && Instant::now() >= next_line {
                    info!("{statistics}");
                    next_line += BETWEEN_LINES;
                }
                let next = timer.next(rows > 0, Instant::now());
                if endpoints::sleep_until(next, signals, statistics)? {
                    return Ok(End::Stopped);
                }
            }
        }
    }
}
