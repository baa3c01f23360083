// SPDX-License-Identifier: GPL-3.0-or-later
//! The two framebuffers, as asked for, and the waiting for them.

use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::CommandFactory;
use framebuffer::{Access, Encoder, Error, ErrorKind, Geometry, Surface};
use log::info;

use crate::arrival::Arrival;
use crate::signals::{Signals, Wake};
use crate::statistics::Statistics;
use programs::fbcp::{self, Cli};

/// How often to try a framebuffer that is there and cannot be used yet.
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

    /// Opens the source, waiting for it if need be: for any reason if it has been used before. `None` if the program is to
    /// stop meanwhile.
    pub(crate) fn open_source(
        &self,
        has_copied: bool,
        signals: &mut Signals,
        statistics: &Statistics,
    ) -> anyhow::Result<Option<Surface>> {
        self.source.wait_for(has_copied, signals, statistics)
    }

    /// The same for the target, which may not be the source.
    pub(crate) fn open_target(
        &self,
        source: &Surface,
        has_copied: bool,
        signals: &mut Signals,
        statistics: &Statistics,
    ) -> anyhow::Result<Option<Surface>> {
        let Some(target) = self.target.wait_for(has_copied, signals, statistics)? else { return Ok(None) };
        if source.is_same(&target)? {
            bail!(
                "{} and {} are the same framebuffer; give two different ones",
                source.path().display(),
                target.path().display()
            );
        }
        Ok(Some(target))
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
        // udev gives a device that has just come to its group a moment later.
        let mut is_new = false;
        loop {
            // Made before the attempt to open it, so that nothing can come between the two unseen.
            let arrival = Arrival::at(&self.path);
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
                    is_new = true;
                }
                Err(_) if is_new => is_new = false,
                Err(error) => return Err(error.into()),
            }
            let stops = match arrival {
                Some(arrival) => sleep_until_come(&arrival, signals, statistics)?,
                None => pause(RETRY, signals, statistics)?,
            };
            if stops {
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
        match signals.wait(Some(time), None)? {
            Wake::Deadline | Wake::Readable => return Ok(false),
            Wake::Stop => return Ok(true),
            Wake::Question => info!("{statistics}"),
        }
    }
}

/// The same until what is waited for has come.
fn sleep_until_come(
    arrival: &Arrival,
    signals: &mut Signals,
    statistics: &Statistics,
) -> anyhow::Result<bool> {
    loop {
        match signals.wait(None, Some(arrival.as_fd()))? {
            Wake::Readable if arrival.has_come() => return Ok(false),
            Wake::Readable | Wake::Deadline => {}
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
