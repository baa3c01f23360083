// SPDX-License-Identifier: GPL-3.0-or-later
//! The connection.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use runtime::address;

use crate::protocol::{MESSAGE_SIZE, Message};
use crate::{Command, Error, ErrorCode, Pin, Reports};

/// A connection to pigpiod.
///
/// When nothing was asked, its file descriptor becomes readable only because the daemon closed the connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    peer: SocketAddr,
}

impl Client {
    /// Connects to `host`, a name or an address, and lets no step take longer than `patience`.
    ///
    /// Every address of the name is tried. `localhost` means both loopback addresses, whatever the machine's host
    /// table says: `pigpiod -l` listens on `[::1]` alone, and many tables know only 127.0.0.1.
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
        // Requests are smaller than a packet and each waits for its reply: there is nothing to gather.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { stream, peer })
    }

    /// The address that took the connection.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Sends all `commands` in one write, and reads back their results in one round trip.
    ///
    /// If one is refused, the others are carried out all the same; the first error is returned.
    pub fn run<const N: usize>(&mut self, commands: &[Command; N]) -> Result<[u32; N], Error> {
        let requests: Vec<u8> = commands.iter().flat_map(|command| command.to_bytes()).collect();
        let mut replies = vec![0; requests.len()];
        self.stream
            .write_all(&requests)
            .and_then(|()| self.stream.read_exact(&mut replies))
            .map_err(|error| Error::Lost(self.peer, error))?;

        results(commands, &replies, self.peer)
    }

    /// Whether the daemon can drive `pin`: the lamp's own refuses to read the pin of an LED while the kernel has no PWM for
    /// it. Nothing is changed by this.
    pub fn drives(&mut self, pin: Pin) -> Result<bool, Error> {
        match self.run(&[Command::Read(pin)]) {
            Ok(_) => Ok(true),
            Err(Error::Refused(_, ErrorCode::NOT_HPWM_GPIO)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Has the daemon report, on a connection of its own, whenever one of `pins` changes; a bit for each GPIO.
    ///
    /// It samples the pins all the time, so that even a short press of a button is not missed.
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

/// What the replies to `commands` say: each repeats its request, with the result in place of the last word.
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

        /// Whatever comes back is either results, or an error that can be shown.
        #[test]
        fn any_reply_is_understood_or_refused(
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
                    // The first error is returned, unless a later reply is not one at all.
                    prop_assert!(words.iter().any(|word| *word < 0), "{}", error);
                    prop_assert!(!error.to_string().is_empty());
                }
            }
        }
    }

    #[test]
    fn an_unknown_name_is_named() {
        let error = Client::connect("no-such-host.invalid", 8888, Duration::from_secs(9));
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("cannot find the address of no-such-host.invalid: "), "{error}");
    }
}
