// SPDX-License-Identifier: GPL-3.0-or-later
//! What the daemon tells by itself.

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

    /// Sleeps until something was reported: a change, the end of a watchdog's time, or the sign of life that pigpio's
    /// daemon gives each minute. What the pins are is to be asked, for a report tells of the past.
    pub fn wait(&mut self) -> Result<(), Error> {
        let lost = |error| Error::Lost(self.peer, error);
        self.stream.set_read_timeout(None).map_err(lost)?;
        self.stream.read_exact(&mut [0; REPORT_SIZE]).map_err(lost)
    }
}
