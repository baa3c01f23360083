// SPDX-License-Identifier: GPL-3.0-or-later
//! The two framebuffers of the command line, and waiting for them.

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

/// The time between attempts to open a framebuffer that exists but cannot be used yet.
const RETRY: Duration = Duration::from_secs(1);

/// The source and the target.
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
    /// Reads the options. An invalid geometry ends the program like any other invalid option.
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

    /// Opens the source and waits for it if necessary: for any reason if it was usable before. `None` if a
    /// signal stops the program.
    pub(crate) fn open_source(
        &self,
        has_copied: bool,
        signals: &mut Signals,
        statistics: &Statistics,
    ) -> anyhow::Result<Option<Surface>> {
        self.source.wait_for(has_copied, signals, statistics)
    }

    /// Opens the target in the same way. It must not be the source.
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
                "{} and {} are the same framebuffer; name two different ones",
                source.path().display(),
                target.path().display()
            );
        }
        Ok(Some(target))
    }

    /// Makes the target black, also if it was lost and is available again.
    pub(crate) fn blank_target(&self) -> Result<(), Error> {
        let mut target = self.target.open()?;
        let geometry = *target.geometry();
        let mut row = vec![0; geometry.row_bytes()];
        Encoder::new(geometry.format()).encode(&vec![[0; 3]; geometry.width()], &mut row);
        (0..geometry.height()).try_for_each(|y| target.store(0, y, &row))
    }

    /// Opens one side for a PNG file, without waiting and without a claim.
    pub(crate) fn for_snapshot(&self, side: fbcp::Side) -> Result<Surface, Error> {
        let side = match side {
            fbcp::Side::Source => &self.source,
            fbcp::Side::Target => &self.target,
        };
        Surface::open(&side.path, Access::Read, side.file_geometry)
    }
}

impl Endpoint {
    /// Opens it, retrying until it is available. `None` if a signal stops the program.
    fn wait_for(
        &self,
        has_copied: bool,
        signals: &mut Signals,
        statistics: &Statistics,
    ) -> anyhow::Result<Option<Surface>> {
        let mut waiting_because: Option<Error> = None;
        // udev sets the group of a new device a moment after it appears.
        let mut is_new = false;
        loop {
            // Created before the attempt to open the file, so that no event is lost in between.
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

/// Sleeps until `time` and handles signals. Returns true when a signal stops the program.
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

/// Sleeps until `time` or until the file appears.
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

/// Sleeps for a duration.
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
