// SPDX-License-Identifier: GPL-3.0-or-later
//! Reports of the daemon on changes of pins.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};

use crate::Error;
use crate::protocol::REPORT_SIZE;

/// A connection on which the daemon reports changes of pins.
#[derive(Debug)]
pub struct Reports {
    stream: TcpStream,
    peer: SocketAddr,
}

impl Reports {
    pub(crate) fn new(stream: TcpStream, peer: SocketAddr) -> Self {
        Self { stream, peer }
    }

    /// Waits for a report: a change, the timeout of a watchdog, or the keep-alive that pigpio's daemon sends
    /// each minute. The caller must read the levels, because a report may be out of date.
    pub fn wait(&mut self) -> Result<(), Error> {
        let lost = |error| Error::Lost(self.peer, error);
        self.stream.set_read_timeout(None).map_err(lost)?;
        self.stream.read_exact(&mut [0; REPORT_SIZE]).map_err(lost)
    }
}
