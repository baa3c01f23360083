// SPDX-License-Identifier: GPL-3.0-or-later
//! Copies one framebuffer to another and stores only what changed.
//!
//! The program deals with two framebuffers, their geometry and their formats. It does not depend on the
//! program that draws, on the panel or on the lamp.
//!
//! [`endpoints`] opens the two framebuffers and waits for their [`arrival`]; [`copier`] polls the source and
//! stores to the target; [`frame`] computes what to store, with [`fit`] for frames of another size;
//! [`poll_timer`] sets the time of the next poll; [`signals`] stop the program or request its [`statistics`];
//! [`snapshot`] writes a frame to a file.

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

/// The delay before a lost framebuffer is opened again, so that a device that repeatedly comes and goes does
/// not keep the processor busy.
const RETRY: Duration = Duration::from_secs(1);

/// The time between the lines of --stats.
const BETWEEN_LINES: Duration = Duration::from_mins(1);

/// Why a copy ended.
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
    let mut signals = Signals::new().context("cannot receive signals")?;
    let mut statistics = Statistics::new();
    // At the start, a framebuffer that cannot be used is an error to report. One that was usable before may
    // return, such as a device after a mode change, so fbcp waits for it.
    let mut has_copied = false;
    // Kept while only the target is lost: otherwise the console would draw over the source.
    let mut console = None;
    while let Some(source) = endpoints.open_source(has_copied, &mut signals, &statistics)? {
        // Done before there is a target: if there never is one, the source is the lamp's panel itself.
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
            End::Lost(error) => warn!("{error}; reopening it"),
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
        warn!("cannot clear the target: {error}");
    }
    if cli.stats {
        info!("{statistics}");
    }
    info!("stopped");
    Ok(())
}

fn options(cli: &Cli) -> RenderOptions {
    // The command line accepts only valid rotations.
    let rotation = cli.rotate.parse().ok().and_then(Rotation::clockwise).unwrap_or_default();
    RenderOptions { rotation, fit: cli.fit, dither: cli.dither == Dither::Ordered }
}

/// Disables the console that draws on the source. Failing to do so is not fatal: the lamp still has its
/// screen.
fn silence(source: &framebuffer::Surface) -> Option<Console> {
    match Console::silence(source) {
        Ok(None) => None,
        Ok(Some(console)) => {
            info!("disabled the text console tty{} until fbcp ends", console.number());
            Some(console)
        }
        Err(error) => {
            warn!("cannot disable the text console: {error}");
            None
        }
    }
}

/// Copies until a signal stops the program or a framebuffer is lost.
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
