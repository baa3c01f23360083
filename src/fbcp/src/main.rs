// SPDX-License-Identifier: GPL-3.0-or-later
//! Copies one framebuffer to another, storing only what changed.
//!
//! [`copier`] looks at the source and stores to the target; [`picture`] knows what is to be stored, with [`fit`] and [`scale`]
//! for pictures of another size; [`pace`] says when to look again; [`stop`] ends the program.

mod cli;
mod copier;
mod fit;
mod pace;
mod picture;
mod stop;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::{CommandFactory, Parser};
use framebuffer::{Access, Error, ErrorKind, Geometry, Surface};
use log::{LevelFilter, info, warn};

use cli::Cli;
use copier::Copier;
use pace::Pace;
use stop::Stop;

/// How often to look for a framebuffer that is not there. Also the pause before one that was lost is opened again, so that a
/// device that comes and goes does not keep the processor busy.
const RETRY: Duration = Duration::from_secs(1);

/// One side of the copy, as asked for.
struct Side<'a> {
    path: &'a Path,
    access: Access,
    file_geometry: Option<Geometry>,
}

/// How a copy ended that had begun.
enum End {
    Stopped,
    Lost(Error),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let source = Side {
        path: &cli.source,
        access: Access::Read,
        file_geometry: file_geometry("source", cli.source_geometry.as_deref()),
    };
    let target = Side {
        path: &cli.target,
        access: Access::ReadWrite,
        file_geometry: file_geometry("target", cli.target_geometry.as_deref()),
    };
    program::start_logging("fbcp", LevelFilter::Info);
    program::exit_code("fbcp", run(&source, &target, cli.fps))
}

/// Parses the geometry of one side; a wrong one ends the program as any other wrong option does.
fn file_geometry(side: &str, text: Option<&str>) -> Option<Geometry> {
    text.map(|text| {
        text.parse().unwrap_or_else(|error| {
            let message = format!("--{side}-geometry: {error}");
            Cli::command().error(clap::error::ErrorKind::ValueValidation, message).exit()
        })
    })
}

fn run(source: &Side, target: &Side, fps: u32) -> anyhow::Result<()> {
    let stop = Stop::on_signals().context("signals cannot be received")?;
    // What cannot be used at the start is a mistake that somebody must hear of. What could be used once and cannot now is on
    // its way back, as a device half set up after a mode change is, and is waited for.
    let mut has_copied = false;
    while let Some(mut copier) = open(source, target, has_copied, &stop)? {
        info!("{}", copier.description());
        match copy(&mut copier, fps, &stop)? {
            End::Stopped => break,
            End::Lost(error) => warn!("{error}; opening it again"),
        }
        has_copied = true;
        drop(copier);
        if stop.wait(RETRY)? {
            break;
        }
    }
    info!("stopped");
    Ok(())
}

/// Copies until the program is to stop or a side is lost.
fn copy(copier: &mut Copier, fps: u32, stop: &Stop) -> anyhow::Result<End> {
    let mut pace = Pace::new(fps, Instant::now());
    loop {
        let stored = match copier.copy() {
            Ok(bytes) => bytes,
            Err(error) => return Ok(End::Lost(error)),
        };
        if stop.wait_until(pace.next(stored > 0, Instant::now()))? {
            return Ok(End::Stopped);
        }
    }
}

/// Opens both sides, waiting for them if need be. `None` if the program is to stop meanwhile.
fn open(source: &Side, target: &Side, has_copied: bool, stop: &Stop) -> anyhow::Result<Option<Copier>> {
    let Some(source) = wait_for(source, has_copied, stop)? else { return Ok(None) };
    let Some(target) = wait_for(target, has_copied, stop)? else { return Ok(None) };
    if source.is_same(&target)? {
        bail!(
            "{} and {} are the same framebuffer; give two different ones",
            source.path().display(),
            target.path().display()
        );
    }
    Ok(Some(Copier::new(source, target)))
}

/// Opens one side, trying until it is there. `None` if the program is to stop meanwhile.
fn wait_for(side: &Side, has_copied: bool, stop: &Stop) -> anyhow::Result<Option<Surface>> {
    let mut waiting_because: Option<Error> = None;
    loop {
        match side.open() {
            Ok(surface) => {
                if waiting_because.is_some() {
                    info!("found {}", side.path.display());
                }
                return Ok(Some(surface));
            }
            Err(error) if error.kind() == ErrorKind::Missing || has_copied => {
                if waiting_because.as_ref() != Some(&error) {
                    info!("waiting: {error}");
                }
                waiting_because = Some(error);
            }
            Err(error) => return Err(error.into()),
        }
        if stop.wait(RETRY)? {
            return Ok(None);
        }
    }
}

impl Side<'_> {
    fn open(&self) -> Result<Surface, Error> {
        let surface = Surface::open(self.path, self.access, self.file_geometry)?;
        if self.access == Access::ReadWrite {
            surface.claim()?;
        }
        Ok(surface)
    }
}
