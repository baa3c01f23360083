// SPDX-License-Identifier: GPL-3.0-or-later
//! A short visit to the lamp's MQTT broker: to hear what it keeps of the lamp, and to ask for a change.
//!
//! Unlike a program of the lamp, a visitor announces nothing and has no Last Will.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use lamp::state::LampState;
use lamp::topic;
use rumqttc::{Client, Connection, Event, MqttOptions, Outgoing, Packet, QoS, SubscribeFilter};
use runtime::address::Address;

/// The name under which changes are asked for, in the place of the command of this name of the original lamp.
pub const CLIENT: &str = "lamp_cmd";

/// The program that keeps the lamp's state.
const SERVICE: &str = "lamp_service";

/// Topics on which brokers tell of their bridges. Between the two is the bridge's name.
const BRIDGES: (&str, &str) = ("$SYS/broker/connection/", "/state");

/// Messages that may wait to be sent.
const QUEUE: usize = 10;

/// A visit that lasts as long as its patience, at most.
pub struct Visit {
    client: Client,
    connection: Connection,
    address: Address,
    patience: Duration,
    deadline: Instant,
    /// What was heard.
    pub heard: Heard,
}

/// What a broker keeps of the lamp.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heard {
    /// The lamp's state.
    pub state: Option<LampState>,
    /// Whether `lamp_service` is connected.
    pub service: Option<bool>,
    /// Name of each bridge to another broker, and whether it is up.
    pub bridges: BTreeMap<String, bool>,
}

impl Visit {
    /// Connects and subscribes.
    pub fn begin(address: &Address, patience: Duration) -> anyhow::Result<Self> {
        // The broker throws out the older one of two clients of one name, so each visitor has its own.
        let name = format!("{CLIENT}_{:08x}", fastrand::u32(..));
        let options = MqttOptions::new(name, address.bracketed_host(), address.port);
        let (client, mut connection) = Client::new(options, QUEUE);
        let mut network = connection.eventloop.network_options();
        network.set_tcp_nodelay(true);
        connection.eventloop.set_network_options(network);
        let deadline = Instant::now() + patience;
        let mut visit = Self {
            client,
            connection,
            address: address.clone(),
            patience,
            deadline,
            heard: Heard::default(),
        };
        // The state last: what the broker keeps of the others has then been heard, too.
        let topics = [
            format!("{}+{}", BRIDGES.0, BRIDGES.1),
            topic::connection_state(SERVICE),
            topic::CHANGED.to_owned(),
        ];
        let topics = topics.map(|topic| SubscribeFilter::new(topic, QoS::AtLeastOnce));
        visit.client.try_subscribe_many(topics).context("cannot subscribe")?;
        loop {
            match visit.next()? {
                Some(Packet::SubAck(_)) => return Ok(visit),
                Some(_) => {}
                None => bail!("{} does not answer within {}", visit.broker(), seconds(patience)),
            }
        }
    }

    /// Waits for the lamp's state, which the broker keeps.
    pub fn state(&mut self) -> anyhow::Result<LampState> {
        loop {
            if let Some(state) = &self.heard.state {
                return Ok(state.clone());
            }
            if self.next()?.is_none() {
                bail!(
                    "{} did not tell the lamp's state within {}: {}",
                    self.broker(),
                    seconds(self.patience),
                    self.service()
                );
            }
        }
    }

    /// Asks for a state under the name of [`CLIENT`], and waits until `lamp_service` tells that the lamp has it.
    pub fn change(&mut self, wanted: &LampState) -> anyhow::Result<()> {
        let payload = LampState { client: CLIENT.into(), ..wanted.clone() }.to_json();
        // As it will be told: with two decimals.
        let wanted = LampState::from_json(payload.as_bytes()).map_err(|error| anyhow!("{error}"))?;
        self.deadline = Instant::now() + self.patience;
        self.client
            .try_publish(topic::SET_CONFIG, QoS::AtLeastOnce, false, payload)
            .context("cannot publish")?;
        loop {
            match self.next()? {
                Some(Packet::Publish(message)) if message.topic == topic::CHANGED && !message.retain => {
                    if self.heard.state.as_ref() == Some(&wanted) {
                        return Ok(());
                    }
                }
                Some(_) => {}
                None => bail!(
                    "lamp_service did not confirm the change within {}: {}",
                    seconds(self.patience),
                    self.service()
                ),
            }
        }
    }

    /// Leaves politely, which spares the broker's log a complaint.
    pub fn end(mut self) {
        if self.client.try_disconnect().is_ok() {
            let left =
                |event: &_| matches!(event, Ok(Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(_)) | Err(_));
            while !left(&self.connection.recv_timeout(self.patience)) {}
        }
    }

    /// The next packet, already heard; `None` when the time is over.
    fn next(&mut self) -> anyhow::Result<Option<Packet>> {
        loop {
            let rest = self.deadline.saturating_duration_since(Instant::now());
            match self.connection.recv_timeout(rest) {
                Ok(Ok(Event::Incoming(packet))) => {
                    if let Packet::Publish(message) = &packet {
                        self.heard.take(&message.topic, &message.payload)?;
                    }
                    return Ok(Some(packet));
                }
                Ok(Ok(Event::Outgoing(_))) => {}
                Ok(Err(error)) => bail!("{} cannot be reached: {error}", self.broker()),
                Err(_) => return Ok(None),
            }
        }
    }

    fn broker(&self) -> String {
        format!("the MQTT broker {}", self.address)
    }

    /// What the broker knows of `lamp_service`, for whom it keeps waiting.
    fn service(&self) -> &'static str {
        match self.heard.service {
            Some(true) => "lamp_service is connected, but silent; see: lampi logs lamp_service",
            Some(false) => "lamp_service is not connected to it; see: sudo lampi status",
            None => "lamp_service has never been connected to it; see: sudo lampi status",
        }
    }
}

impl Heard {
    fn take(&mut self, topic: &str, payload: &[u8]) -> anyhow::Result<()> {
        if topic == topic::CHANGED {
            let state = LampState::from_json(payload)
                .map_err(|error| anyhow!("what is told on {topic} is no state of a lamp: {error}"))?;
            self.state = Some(state);
        } else if topic == topic::connection_state(SERVICE) {
            self.service = Some(payload == b"1");
        } else if let Some(name) = topic.strip_prefix(BRIDGES.0).and_then(|rest| rest.strip_suffix(BRIDGES.1))
        {
            self.bridges.insert(name.to_owned(), payload == b"1");
        }
        Ok(())
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}
