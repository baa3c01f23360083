// SPDX-License-Identifier: GPL-3.0-or-later
//! Sends requests that the client of the crate `pigpio` never sends.

use std::io::{Read, Write};
use std::net::TcpStream;

use pigpio::protocol::{MESSAGE_SIZE, Message};

use crate::model::PATIENCE;

/// A connection for arbitrary bytes.
pub(crate) struct Wire(pub TcpStream);

impl Wire {
    /// Connects to either loopback address.
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("::1", port)).or_else(|_| TcpStream::connect(("127.0.0.1", port)));
        let stream = stream.unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// The result of a request.
    pub(crate) fn ask(&mut self, [command, first, second]: [u32; 3]) -> i32 {
        self.ask_with([command, first, second], &[])
    }

    /// The result of a request with further bytes.
    pub(crate) fn ask_with(&mut self, [command, first, second]: [u32; 3], further: &[u8]) -> i32 {
        let request = Message { last: further.len() as u32, ..Message::request(command, first, second) };
        self.0.write_all(&[&request.to_bytes(), further].concat()).unwrap();
        let mut reply = [0; MESSAGE_SIZE];
        self.0.read_exact(&mut reply).unwrap();
        let reply = Message::from_bytes(reply);
        assert_eq!(Message { last: request.last, ..reply }, request, "the request is repeated");
        reply.last.cast_signed()
    }

    /// Waits until the daemon closes the connection.
    pub(crate) fn await_end(&mut self) {
        let end = self.0.read(&mut [0; 64]);
        assert!(
            end.as_ref().is_ok_and(|count| *count == 0)
                || end.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset),
            "{end:?}"
        );
    }
}
