// SPDX-License-Identifier: GPL-3.0-or-later
//! A connection for a few questions, each of which waits for the broker's answer.
//!
//! It has no Last Will and announces nothing. When it is lost, it stays so.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use rumqttc::{Event, MqttOptions, Outgoing, Packet, SubscribeFilter};
use runtime::address::Address;

use crate::{Error, Message, QoS};

/// How long [`probe`] waits for the broker.
const PROBING: Duration = Duration::from_secs(5);

/// Messages that may wait to be sent.
const QUEUE: usize = 10;

/// A connection, and the messages that have come and were not asked for yet.
pub struct Connection {
    client: rumqttc::Client,
    events: rumqttc::Connection,
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
    /// Connects to `broker`, within `patience`. Until [`Self::set_patience`] it counts for everything that follows, too.
    ///
    /// The broker ends another connection of the same `client_id`.
    pub fn open(broker: &Address, client_id: &str, patience: Duration) -> Result<Self, Error> {
        let options = MqttOptions::new(client_id, broker.bracketed_host(), broker.port);
        // The deadline comes first.
        let timeout = patience.as_secs() + 1;
        let (client, events) = crate::client(options, QUEUE, Some(timeout));
        let mut opened =
            Self { client, events, deadline: Instant::now() + patience, received: VecDeque::new() };
        opened.wait_for(|packet| matches!(packet, Packet::ConnAck(_)))?;
        Ok(opened)
    }

    /// From now on, `patience` counts for everything that follows.
    pub fn set_patience(&mut self, patience: Duration) {
        self.deadline = Instant::now() + patience;
    }

    /// Subscribes to `topics`, in their order. Messages that the broker keeps on them may come later.
    pub fn subscribe(&mut self, topics: &[&str], qos: QoS) -> Result<(), Error> {
        let filters = topics.iter().map(|topic| SubscribeFilter::new((*topic).to_owned(), qos.into()));
        self.client.try_subscribe_many(filters)?;
        self.wait_for(|packet| matches!(packet, Packet::SubAck(_)))
    }

    /// Publishes a message with QoS 1, and waits until the broker has it.
    pub fn publish(&mut self, topic: &str, retain: bool, payload: impl Into<Vec<u8>>) -> Result<(), Error> {
        self.client.try_publish(topic, QoS::AtLeastOnce.into(), retain, payload)?;
        self.wait_for(|packet| matches!(packet, Packet::PubAck(_)))
    }

    /// The next message; [`Error::NoAnswer`] if none comes in time.
    pub fn next_message(&mut self) -> Result<Message, Error> {
        loop {
            if let Some(message) = self.received.pop_front() {
                return Ok(message);
            }
            self.next_packet()?;
        }
    }

    /// The messages that have come already.
    pub fn received(&mut self) -> impl Iterator<Item = Message> {
        self.received.drain(..)
    }

    /// Leaves politely, which spares the broker's log a complaint.
    pub fn close(mut self) {
        if self.client.try_disconnect().is_ok() {
            let is_sent = |event: &_| matches!(event, Event::Outgoing(Outgoing::Disconnect));
            while self.next_event().is_ok_and(|event| !is_sent(&event)) {}
        }
    }

    fn wait_for(&mut self, is_awaited: impl Fn(&Packet) -> bool) -> Result<(), Error> {
        while !is_awaited(&self.next_packet()?) {}
        Ok(())
    }

    /// The next packet from the broker; a message is noted as received.
    fn next_packet(&mut self) -> Result<Packet, Error> {
        loop {
            if let Event::Incoming(packet) = self.next_event()? {
                if let Packet::Publish(publish) = &packet {
                    self.received.push_back(publish.clone().into());
                }
                return Ok(packet);
            }
        }
    }

    fn next_event(&mut self) -> Result<Event, Error> {
        let rest = self.deadline.saturating_duration_since(Instant::now());
        match self.events.recv_timeout(rest) {
            Ok(event) => Ok(event?),
            Err(_) => Err(Error::NoAnswer),
        }
    }
}

/// Connects once and leaves again, to see whether the broker takes clients. `client_id` must be that of nobody else.
pub fn probe(broker: &Address, client_id: &str) -> Result<(), Error> {
    Connection::open(broker, client_id, PROBING)?.close();
    Ok(())
}
