// SPDX-License-Identifier: GPL-3.0-or-later
//! The connection of a client, with buffers for both directions.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::socket::{setsockopt, sockopt};
use pigpio::protocol::{EXTENSION_LIMIT, MESSAGE_SIZE, Message, Report};

/// Maximum size in bytes of the reports that wait for a slow client. Further ones are dropped; the sequence
/// numbers show the gap.
const MOST_WAITING: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// Received bytes that are not processed yet.
    inbox: Vec<u8>,
    /// Bytes to send.
    outbox: Vec<u8>,
    /// Whether a command failed because the kernel has no PWM.
    pub was_refused: bool,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        // Replies are smaller than a packet, and the client waits for each.
        stream.set_nodelay(true)?;
        setsockopt(&stream, sockopt::KeepAlive, &true)?;
        Ok(Self { stream, inbox: Vec::new(), outbox: Vec::new(), was_refused: false })
    }

    /// Whether bytes wait to be sent. Then the server reads no requests from the client.
    pub(crate) fn is_behind(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Reads the available bytes, up to the buffer size. The end of the connection is an error.
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

    /// Answers all complete requests. [`Connection::send`] sends the replies.
    ///
    /// A request that announces too many further bytes is an error: like pigpio, the server closes the
    /// connection.
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

    /// Queues a report if there is space.
    pub(crate) fn report(&mut self, report: Report) {
        if self.outbox.len() < MOST_WAITING {
            self.outbox.extend_from_slice(&report.to_bytes());
        }
    }

    /// Sends as many bytes as possible without blocking.
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
