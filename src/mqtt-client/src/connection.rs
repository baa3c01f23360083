// SPDX-License-Identifier: GPL-3.0-or-later
//! A connection for a few requests. Each waits for the broker's answer.
//!
//! It has no Last Will and does not reconnect.

use std::collections::VecDeque;
use std::fmt;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use runtime::address::Address;
use runtime::wait;

use crate::link::{Link, Received};
use crate::{Error, Login, Message, QoS};

/// How long [`probe`] waits for the broker.
const PROBING: Duration = Duration::from_secs(5);

/// A connection, and the messages that it has received.
pub struct Connection {
    link: Link,
    deadline: Instant,
    received: VecDeque<Message>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter
            .debug_struct("Connection")
            .field("deadline", &self.deadline)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects to `broker` as `login`. `patience` limits this and all that follows, until
    /// [`Self::set_patience`].
    ///
    /// The broker closes another connection with the same `client_id`.
    pub fn open(
        broker: &Address,
        login: Option<&Login>,
        client_id: &str,
        patience: Duration,
    ) -> Result<Self, Error> {
        let deadline = Instant::now() + patience;
        let link = Link::open(broker, login, client_id, None, deadline)?;
        Ok(Self { link, deadline, received: VecDeque::new() })
    }

    /// Limits all that follows to `patience` from now.
    pub fn set_patience(&mut self, patience: Duration) {
        self.deadline = Instant::now() + patience;
    }

    /// Subscribes to `topics`, in this order. Their retained messages may come later.
    pub fn subscribe(&mut self, topics: &[&str], qos: QoS) -> Result<(), Error> {
        self.link.subscribe(topics.iter().map(|topic| (*topic, qos)))?;
        self.wait_for(|received| matches!(received, Received::Subscribed))
    }

    /// Publishes a message with QoS 1, and waits until the broker acknowledges it.
    pub fn publish(&mut self, topic: &str, retain: bool, payload: impl Into<Vec<u8>>) -> Result<(), Error> {
        self.link.publish(topic, QoS::AtLeastOnce, retain, payload.into())?;
        self.wait_for(|received| matches!(received, Received::Acknowledged))
    }

    /// Returns the next message, or [`Error::NoAnswer`] if none comes in time.
    pub fn next_message(&mut self) -> Result<Message, Error> {
        loop {
            if let Some(message) = self.received.pop_front() {
                return Ok(message);
            }
            self.receive(|_| false)?;
        }
    }

    /// Removes and returns the messages received so far.
    pub fn received(&mut self) -> impl Iterator<Item = Message> {
        self.received.drain(..)
    }

    /// Sends DISCONNECT, so that the broker does not log an error.
    pub fn close(self) {
        self.link.disconnect();
    }

    fn wait_for(&mut self, is_awaited: impl Fn(&Received) -> bool) -> Result<(), Error> {
        while !self.receive(&is_awaited)? {}
        Ok(())
    }

    /// Sends pending packets, waits for the broker, and keeps and answers the messages that come. Returns
    /// whether a packet is awaited.
    fn receive(&mut self, is_awaited: impl Fn(&Received) -> bool) -> Result<bool, Error> {
        self.link.flush()?;
        if !wait::readable(&[self.link.as_fd()], Some(self.deadline))?[0] {
            return Err(Error::NoAnswer);
        }
        let mut has_come = false;
        for received in self.link.receive()? {
            has_come |= is_awaited(&received);
            if let Received::Message(message) = received {
                self.received.push_back(message);
            }
        }
        // The answers. The next request detects a connection that has ended.
        let _ = self.link.flush();
        Ok(has_come)
    }
}

/// Connects and disconnects, to check whether the broker accepts clients. No other client may use
/// `client_id`.
pub fn probe(broker: &Address, login: Option<&Login>, client_id: &str) -> Result<(), Error> {
    Connection::open(broker, login, client_id, PROBING)?.close();
    Ok(())
}
