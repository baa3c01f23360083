// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp as its MQTT broker knows it: what it keeps of the lamp, and a change that is asked for.
//!
//! Unlike a program of the lamp, this client announces nothing and has no Last Will.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use lamp::state::LampState;
use lamp::topic;
use mqtt_client::{Connection, Error, Message, QoS};
use runtime::address::Address;

/// The name under which changes are asked for, in the place of the command of this name of the original lamp.
pub(crate) const CLIENT: &str = "lamp_cmd";

/// The program that keeps the lamp's state.
const SERVICE: &str = "lamp_service";

/// Topics on which brokers tell of their bridges. Between the two is the bridge's name.
const BRIDGES: (&str, &str) = ("$SYS/broker/connection/", "/state");

/// A client that waits as long as its patience, at most.
pub(crate) struct BrokerClient {
    connection: Connection,
    address: Address,
    patience: Duration,
    /// What has been received.
    pub known: Known,
}

/// What a broker keeps of the lamp.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Known {
    /// The lamp's state.
    pub state: Option<LampState>,
    /// Whether `lamp_service` is connected.
    pub service: Option<bool>,
    /// Name of each bridge to another broker, and whether it is up.
    pub bridges: BTreeMap<String, bool>,
}

impl BrokerClient {
    /// Connects and subscribes.
    pub(crate) fn connect(address: &Address, patience: Duration) -> anyhow::Result<Self> {
        // The broker throws out the older one of two clients of one name, so each has its own.
        let name = format!("{CLIENT}_{:08x}", fastrand::u32(..));
        // The state last: what the broker keeps of the others has come before it.
        let topics = [
            format!("{}+{}", BRIDGES.0, BRIDGES.1),
            topic::connection_state(SERVICE),
            topic::CHANGED.to_owned(),
        ];
        let connect = || {
            let mut connection = Connection::open(address, &name, patience)?;
            connection.subscribe(&topics.each_ref().map(String::as_str), QoS::AtLeastOnce)?;
            Ok(connection)
        };
        match connect() {
            Ok(connection) => {
                Ok(Self { connection, address: address.clone(), patience, known: Known::default() })
            }
            Err(Error::NoAnswer) => bail!("{} does not answer within {}", broker(address), seconds(patience)),
            Err(error) => Err(unreachable(address, &error)),
        }
    }

    /// Waits for the lamp's state, which the broker keeps.
    pub(crate) fn state(&mut self) -> anyhow::Result<LampState> {
        loop {
            if let Some(state) = &self.known.state {
                return Ok(state.clone());
            }
            if self.next()?.is_none() {
                bail!(
                    "{} did not tell the lamp's state within {}: {}",
                    broker(&self.address),
                    seconds(self.patience),
                    self.service()
                );
            }
        }
    }

    /// Asks for a state under the name of [`CLIENT`], and waits until `lamp_service` confirms that the lamp has it.
    pub(crate) fn change(&mut self, wanted: &LampState) -> anyhow::Result<()> {
        let payload = LampState { client: CLIENT.into(), ..wanted.clone() }.to_json();
        // As it will be confirmed: with two decimals.
        let wanted = LampState::from_json(payload.as_bytes())?;
        self.connection.set_patience(self.patience);
        let mut is_over = match self.connection.publish(topic::SET_CONFIG, false, payload) {
            Ok(()) => false,
            Err(Error::NoAnswer) => true,
            Err(error) => return Err(unreachable(&self.address, &error)),
        };
        while !is_over {
            match self.next()? {
                Some(message) if message.topic == topic::CHANGED && !message.retained => {
                    if self.known.state.as_ref() == Some(&wanted) {
                        return Ok(());
                    }
                }
                Some(_) => {}
                None => is_over = true,
            }
        }
        bail!("lamp_service did not confirm the change within {}: {}", seconds(self.patience), self.service())
    }

    /// Leaves politely, which spares the broker's log a complaint.
    pub(crate) fn disconnect(self) {
        self.connection.close();
    }

    /// The next message, of which is known already what it says; `None` when the time is over.
    fn next(&mut self) -> anyhow::Result<Option<Message>> {
        match self.connection.next_message() {
            Ok(message) => {
                self.known.take(&message)?;
                Ok(Some(message))
            }
            Err(Error::NoAnswer) => Ok(None),
            Err(error) => Err(unreachable(&self.address, &error)),
        }
    }

    /// What the broker knows of `lamp_service`, for whom it keeps waiting.
    fn service(&self) -> &'static str {
        match self.known.service {
            Some(true) => "lamp_service is connected, but silent; see: lampi logs lamp_service",
            Some(false) => "lamp_service is not connected to it; see: sudo lampi status",
            None => "lamp_service has never been connected to it; see: sudo lampi status",
        }
    }
}

impl Known {
    fn take(&mut self, Message { topic, payload, .. }: &Message) -> anyhow::Result<()> {
        if topic == topic::CHANGED {
            let state = LampState::from_json(payload)
                .with_context(|| format!("what is told on {topic} is no state of a lamp"))?;
            self.state = Some(state);
        } else if *topic == topic::connection_state(SERVICE) {
            self.service = Some(payload == b"1");
        } else if let Some(name) = topic.strip_prefix(BRIDGES.0).and_then(|rest| rest.strip_suffix(BRIDGES.1))
        {
            self.bridges.insert(name.to_owned(), payload == b"1");
        }
        Ok(())
    }
}

fn broker(address: &Address) -> String {
    format!("the MQTT broker {address}")
}

fn unreachable(address: &Address, error: &Error) -> anyhow::Error {
    anyhow!("{} cannot be reached: {error}", broker(address))
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}
