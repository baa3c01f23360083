// SPDX-License-Identifier: GPL-3.0-or-later
//! The client's connection to pigpiod.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use runtime::address;

use crate::protocol::{MESSAGE_SIZE, Message};
use crate::{Command, Error, ErrorCode, Pin, Reports};

/// A connection to pigpiod.
///
/// While no request is pending, its file descriptor becomes readable only if the daemon closes the
/// connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    peer: SocketAddr,
}

impl Client {
    /// Connects to `host`, a name or an address. `patience` is the timeout of each step.
    ///
    /// Tries every address of the name. `localhost` means both loopback addresses, regardless of /etc/hosts:
    /// `pigpiod -l` listens on `[::1]` only, and many hosts files contain only 127.0.0.1.
    pub fn connect(host: &str, port: u16, patience: Duration) -> Result<Self, Error> {
        let mut attempts = Vec::new();
        let addresses =
            address::resolve(host, port).map_err(|error| Error::Resolve(host.to_owned(), error))?;
        for address in addresses {
            match Self::connect_to(address, patience) {
                Ok(client) => return Ok(client),
                Err(error) => attempts.push((address, error)),
            }
        }
        Err(Error::Connect(attempts))
    }

    fn connect_to(peer: SocketAddr, patience: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&peer, patience)?;
        // Requests are smaller than a packet, and each waits for its reply.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { stream, peer })
    }

    /// The address of the daemon.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Sends all `commands` in one write and reads their results in one round trip.
    ///
    /// If pigpiod refuses one, it still runs the others. Returns the first error.
    pub fn run<const N: usize>(&mut self, commands: &[Command; N]) -> Result<[u32; N], Error> {
        let requests: Vec<u8> = commands.iter().flat_map(|command| command.to_bytes()).collect();
        let mut replies = vec![0; requests.len()];
        self.stream
            .write_all(&requests)
            .and_then(|()| self.stream.read_exact(&mut replies))
            .map_err(|error| Error::Lost(self.peer, error))?;

        results(commands, &replies, self.peer)
    }

    /// Whether the daemon can drive `pin`. While the kernel has no PWM for an LED, the lamp's own daemon
    /// refuses to read its pin. This changes nothing.
    pub fn drives(&mut self, pin: Pin) -> Result<bool, Error> {
        match self.run(&[Command::Read(pin)]) {
            Ok(_) => Ok(true),
            Err(Error::Refused(_, ErrorCode::NOT_HPWM_GPIO)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Opens a separate connection on which the daemon reports changes of `pins`, one bit per GPIO.
    ///
    /// The daemon samples the pins continuously, so it detects even a short press of a button.
    pub fn reports(&mut self, pins: u32) -> Result<Reports, Error> {
        let patience = self.stream.write_timeout().ok().flatten().unwrap_or_default();
        let connected = Self::connect_to(self.peer, patience);
        let mut reports = connected.map_err(|error| Error::Connect(vec![(self.peer, error)]))?;
        let [number] = reports.run(&[Command::OpenReports])?;
        self.run(&[Command::BeginReports(number, pins)])?;
        Ok(Reports::new(reports.stream, self.peer))
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The results of `commands`: each reply repeats its request, with the result as the last word.
fn results<const N: usize>(
    commands: &[Command; N],
    replies: &[u8],
    peer: SocketAddr,
) -> Result<[u32; N], Error> {
    let mut results = [0; N];
    let mut first_error = None;
    let (replies, _) = replies.as_chunks::<MESSAGE_SIZE>();
    for ((command, reply), result) in commands.iter().zip(replies).zip(&mut results) {
        let (request, reply) = (command.request(), Message::from_bytes(*reply));
        if (Message { last: request.last, ..reply }) != request {
            return Err(Error::NotPigpiod(peer));
        }
        match reply.result() {
            Ok(number) => *result = number,
            Err(code) => first_error = first_error.or(Some(Error::Refused(*command, code))),
        }
    }
    first_error.map_or(Ok(results), Err)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Any reply gives either results or an error with a message.
        #[test]
        fn accepts_or_rejects_any_reply(
            words in prop::array::uniform2(any::<i32>()),
            damage in prop::option::of((0..24_usize, 1..=255_u8)),
        ) {
            let commands = [Command::SetDutyCycle(19, 777), Command::Version];
            let mut replies = Vec::new();
            for (command, word) in commands.iter().zip(words) {
                replies.extend_from_slice(&command.to_bytes()[..12]);
                replies.extend_from_slice(&word.to_le_bytes());
            }
            if let Some((place, bits)) = damage {
                // Among the words that are repeated, 12 of each 16 bytes.
                replies[place / 12 * 16 + place % 12] ^= bits;
            }
            let peer = "127.0.0.1:8888".parse().unwrap();
            match results(&commands, &replies, peer) {
                Ok(numbers) => {
                    prop_assert!(damage.is_none());
                    prop_assert_eq!(numbers.map(i64::from), words.map(i64::from));
                }
                Err(Error::NotPigpiod(_)) => prop_assert!(damage.is_some()),
                Err(error) => {
                    // The first error is returned, unless a later reply is invalid.
                    prop_assert!(words.iter().any(|word| *word < 0), "{}", error);
                    prop_assert!(!error.to_string().is_empty());
                }
            }
        }
    }

    #[test]
    fn reports_an_unknown_host_name() {
        let error = Client::connect("no-such-host.invalid", 8888, Duration::from_secs(9));
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("cannot resolve the host name no-such-host.invalid: "), "{error}");
    }
}
