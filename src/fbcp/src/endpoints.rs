// SPDX-License-Identifier: GPL-3.0-or-later
//! The two framebuffers, as asked for, and the waiting for them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::CommandFactory;
use framebuffer::{Access, Encoder, Error, ErrorKind, Geometry, Surface};
use log::info;

use crate::signals::{Signals, Wake};
use crate::statistics::Statistics;
use programs::fbcp::{self, Cli};

/// How often to look for a framebuffer that is not there.
const RETRY: Duration = Duration::from_secs(1);

/// Both ends of the copy.
pub(crate) struct Endpoints {
    source: Endpoint,
    target: Endpoint,
}

/// One of them.
struct Endpoint {
    path: PathBuf,
    access: Access,
    file_geometry: Option<Geometry>,
}

impl Endpoints {
    /// Those of a call. A wrong geometry ends the program as any other wrong option does.
    pub(crate) fn of(cli: &Cli) -> Self {
        let endpoint = |name: &str, path: &PathBuf, access, geometry: Option<&str>| Endpoint {
            path: path.clone(),
            access,
            file_geometry: file_geometry(name, geometry),
        };
        Self {
            source: endpoint("source", &cli.source, Access::Read, cli.source_geometry.as_deref()),
            target: endpoint("target", &cli.target, Access::ReadWrite, cli.target_geometry.as_deref()),
        }
    }

    /// Opens both, waiting for them if need be: for any reason if they have been used before. `None` if the program is
    /// to stop meanwhile.
    pub(crate) fn open(
        &self,
        has_copied: bool,
        signals: &mut Signals,
        statistics: &Statistics,
    ) -> anyhow::Result<Option<(Surface, Surface)>> {
        let Some(source) = self.source.wait_for(has_copied, signals, statistics)? else { return Ok(None) };
        let Some(target) = self.target.wait_for(has_copied, signals, statistics)? else { return Ok(None) };
        if source.is_same(&target)? {
            bail!(
                "{} and {} are the same framebuffer; give two different ones",
                source.path().display(),
                target.path().display()
            );
        }
        Ok(Some((source, target)))
    }

    /// Makes the target black, also when it was lost meanwhile and is back.
    pub(crate) fn blank_target(&self) -> Result<(), Error> {
        let mut target = self.target.open()?;
        let geometry = *target.geometry();
        let mut row = vec![0; geometry.row_bytes()];
        Encoder::new(geometry.format()).encode(&vec![[0; 3]; geometry.width()], &mut row);
        (0..geometry.height()).try_for_each(|y| target.store(0, y, &row))
    }

    /// Opens one to see what it shows, whoever stores to it. Nothing is waited for.
    pub(crate) fn for_snapshot(&self, side: fbcp::Side) -> Result<Surface, Error> {
        let side = match side {
            fbcp::Side::Source => &self.source,
            fbcp::Side::Target => &self.target,
        };
        Surface::open(&side.path, Access::Read, side.file_geometry)
    }
}

impl Endpoint {
    /// Opens it, trying until it is there. `None` if the program is to stop meanwhile.
    fn wait_for(
        &self,
        has_copied: bool,
        signals: &mut Signals,
        statistics: &Statistics,
    ) -> anyhow::Result<Option<Surface>> {
        let mut waiting_because: Option<Error> = None;
        loop {
            match self.open() {
                Ok(surface) => {
                    if waiting_because.is_some() {
                        info!("found {}", self.path.display());
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
            if pause(RETRY, signals, statistics)? {
                return Ok(None);
            }
        }
    }

    fn open(&self) -> Result<Surface, Error> {
        let surface = Surface::open(&self.path, self.access, self.file_geometry)?;
        if self.access == Access::ReadWrite {
            surface.claim()?;
        }
        Ok(surface)
    }
}

/// Sleeps until `time`, and answers questions. Returns true as soon as the program is to stop.
pub(crate) fn sleep_until(
    time: Instant,
    signals: &mut Signals,
    statistics: &Statistics,
) -> anyhow::Result<bool> {
    loop {
        match signals.wait_until(time)? {
            Wake::Deadline => return Ok(false),
            Wake::Stop => return Ok(true),
            Wake::Question => info!("{statistics}"),
        }
    }
}

/// The same for a duration.
pub(crate) fn pause(
    duration: Duration,
    signals: &mut Signals,
    statistics: &Statistics,
) -> anyhow::Result<bool> {
    sleep_until(Instant::now() + duration, signals, statistics)
}

fn file_geometry(side: &str, text: Option<&str>) -> Option<Geometry> {
    text.map(|text| {
        text.parse().unwrap_or_else(|error| {
            let message = format!("--{side}-geometry: {error}");
            Cli::command().error(clap::error::ErrorKind::ValueValidation, message).exit()
        })
    })
}
