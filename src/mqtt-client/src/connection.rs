// SPDX-License-Identifier: GPL-3.0-or-later
//! A connection for a few questions, each of which waits for the broker's answer.
//!
//! It has no Last Will and announces nothing. When it is lost, it stays so.

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

/// A connection, and the messages that have come and were not asked for yet.
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
    /// Connects to `broker` as `login`, within `patience`. Until [`Self::set_patience`] it counts for everything that follows, too.
    ///
    /// The broker ends another connection of the same `client_id`.
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

    /// From now on, `patience` counts for everything that follows.
    pub fn set_patience(&mut self, patience: Duration) {
        self.deadline = Instant::now() + patience;
    }

    /// Subscribes to `topics`, in their order. Messages that the broker keeps on them may come later.
    pub fn subscribe(&mut self, topics: &[&str], qos: QoS) -> Result<(), Error> {
        self.link.subscribe(topics.iter().map(|topic| (*topic, qos)))?;
        self.wait_for(|received| matches!(received, Received::Subscribed))
    }

    /// Publishes a message with QoS 1, and waits until the broker has it.
    pub fn publish(&mut self, topic: &str, retain: bool, payload: impl Into<Vec<u8>>) -> Result<(), Error> {
        self.link.publish(topic, QoS::AtLeastOnce, retain, payload.into())?;
        self.wait_for(|received| matches!(received, Received::Acknowledged))
    }

    /// The next message; [`Error::NoAnswer`] if none comes in time.
    pub fn next_message(&mut self) -> Result<Message, Error> {
        loop {
            if let Some(message) = self.received.pop_front() {
                return Ok(message);
            }
            self.receive(|_| false)?;
        }
    }

    /// The messages that have come already.
    pub fn received(&mut self) -> impl Iterator<Item = Message> {
        self.received.drain(..)
    }

    /// Leaves politely, which spares the broker's log a complaint.
    pub fn close(self) {
        self.link.disconnect();
    }

    fn wait_for(&mut self, is_awaited: impl Fn(&Received) -> bool) -> Result<(), Error> {
        while !self.receive(&is_awaited)? {}
        Ok(())
    }

    /// Sends what was gathered, waits for the broker, notes the messages that come and answers them. Whether anything is as
    /// awaited.
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
        // The answers. Who has left meanwhile is found out with the next question.
        let _ = self.link.flush();
        Ok(has_come)
    }
}

/// Connects once and leaves again, to see whether the broker takes clients. `client_id` must be that of nobody else.
pub fn probe(broker: &Address, login: Option<&Login>, client_id: &str) -> Result<(), Error> {
    Connection::open(broker, login, client_id, PROBING)?.close();
    Ok(())
}
