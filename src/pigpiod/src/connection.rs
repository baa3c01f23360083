// SPDX-License-Identifier: GPL-3.0-or-later
//! A client's connection: its bytes in both directions.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::socket::{setsockopt, sockopt};
use pigpio::protocol::{EXTENSION_LIMIT, MESSAGE_SIZE, Message, Report};

/// Reports wait for a client that does not read up to so many bytes; further ones are left out, and their sequence numbers
/// tell.
const MOST_WAITING: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// What came and was not carried out yet.
    inbox: Vec<u8>,
    /// What could not be sent yet.
    outbox: Vec<u8>,
    /// A command was answered that there is no PWM.
    pub was_refused: bool,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        // Replies are smaller than a packet, and each is waited for.
        stream.set_nodelay(true)?;
        setsockopt(&stream, sockopt::KeepAlive, &true)?;
        Ok(Self { stream, inbox: Vec::new(), outbox: Vec::new(), was_refused: false })
    }

    /// Whether there is something that waits to be sent. Then nothing more is taken from the client.
    pub(crate) fn is_behind(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Takes what has come, at most as much as fits; the end of the connection is an error.
    pub(crate) fn receive(&mut self) -> io::Result<()> {
        let mut bytes = [0; 4096];
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.inbox.extend_from_slice(&bytes[..count]);
                Ok(())
            }
            Err(error) if is_for_now(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Has every request that has come as a whole answered; a reply goes out with the next [`Connection::send`].
    ///
    /// A request that announces too many further bytes is an error: pigpio ends the connection too.
    pub(crate) fn answer(&mut self, mut answer: impl FnMut(Message, &[u8]) -> Message) -> io::Result<()> {
        let mut rest = &self.inbox[..];
        while let Some((bytes, further)) = rest.split_first_chunk::<MESSAGE_SIZE>() {
            let request = Message::from_bytes(*bytes);
            if request.last >= EXTENSION_LIMIT {
                return Err(ErrorKind::InvalidData.into());
            }
            let Some((further, next)) = further.split_at_checked(request.last as usize) else { break };
            self.outbox.extend_from_slice(&answer(request, further).to_bytes());
            rest = next;
        }
        let done = self.inbox.len() - rest.len();
        self.inbox.drain(..done);
        Ok(())
    }

    /// Puts a report behind what waits, if there is room.
    pub(crate) fn report(&mut self, report: Report) {
        if self.outbox.len() < MOST_WAITING {
            self.outbox.extend_from_slice(&report.to_bytes());
        }
    }

    /// Sends as much as can be sent now.
    pub(crate) fn send(&mut self) -> io::Result<()> {
        while !self.outbox.is_empty() {
            match self.stream.write(&self.outbox) {
                Ok(count) => drop(self.outbox.drain(..count)),
                Err(error) if is_for_now(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn is_for_now(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
