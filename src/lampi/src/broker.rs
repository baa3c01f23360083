// SPDX-License-Identifier: GPL-3.0-or-later
//! A client of the lamp's MQTT broker: reads the lamp's retained state, and requests a change.
//!
//! Unlike the lamp's programs, it publishes no connection state and has no Last Will.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use lamp::color::Color;
use lamp::set_config::SetConfig;
use lamp::state::LampState;
use lamp::topic;
use mqtt_client::{Connection, Error, Login, Message, QoS};
use runtime::address::Address;

/// Prefix of the client ID: the name of the course's command.
const CLIENT: &str = "lamp_cmd";

/// Maximum number of requests for one half of a colour. More are needed only while a finger drags over the
/// lamp's screen, and then the finger takes precedence.
const COMPLETIONS: usize = 50;

/// The program that publishes the lamp's state.
const SERVICE: &str = "lamp_service";

/// Start and end of the topics with the state of the broker's bridges; the bridge's name is between them.
const BRIDGES: (&str, &str) = ("$SYS/broker/connection/", "/state");

/// A client with a time limit.
pub(crate) struct BrokerClient {
    connection: Connection,
    /// Client ID, which the state contains after a change by this client.
    name: String,
    address: Address,
    patience: Duration,
    /// What the broker sent so far.
    pub known: Known,
}

/// The fields of the state to change. Other fields stay as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Change {
    /// Hue, 0 to 1.
    pub hue: Option<f64>,
    /// Saturation, 0 to 1.
    pub saturation: Option<f64>,
    /// Brightness, 0 to 1.
    pub brightness: Option<f64>,
    /// On or off.
    pub on: Option<bool>,
}

/// A confirmed request.
struct Confirmed {
    /// The state before it.
    replaced: LampState,
    /// The state after it.
    state: LampState,
}

/// A random number from the kernel. One seeded by the clock can be the same in two processes that start at the
/// same time.
fn random() -> u32 {
    RandomState::new().build_hasher().finish() as u32
}

/// The broker's retained messages about the lamp.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Known {
    /// The lamp's state.
    pub state: Option<LampState>,
    /// Whether `lamp_service` is connected.
    pub service: Option<bool>,
    /// Name of each bridge to another broker, and whether it is connected.
    pub bridges: BTreeMap<String, bool>,
}

impl BrokerClient {
    /// Connects as `login` and subscribes.
    pub(crate) fn connect(
        address: &Address,
        login: Option<&Login>,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        // The broker disconnects the older one of two clients with the same ID.
        let name = format!("{CLIENT}_{:08x}", random());
        // The state last: the retained messages of the other topics arrive before it.
        let topics = [
            format!("{}+{}", BRIDGES.0, BRIDGES.1),
            topic::connection_state(SERVICE),
            topic::CHANGED.to_owned(),
        ];
        let connect = || {
            let mut connection = Connection::open(address, login, &name, patience)?;
            connection.subscribe(&topics.each_ref().map(String::as_str), QoS::AtLeastOnce)?;
            Ok(connection)
        };
        match connect() {
            Ok(connection) => {
                Ok(Self { connection, name, address: address.clone(), patience, known: Known::default() })
            }
            Err(Error::NoAnswer) => {
                bail!("{} did not respond within {}", broker(address), seconds(patience))
            }
            Err(error) => Err(anyhow!("cannot connect to {}: {error}", broker(address))),
        }
    }

    /// Waits for the lamp's state, a retained message.
    pub(crate) fn state(&mut self) -> anyhow::Result<LampState> {
        loop {
            if let Some(state) = &self.known.state {
                return Ok(state.clone());
            }
            if self.next()?.is_none() {
                bail!(
                    "{} did not send the lamp's state within {}: {}",
                    broker(&self.address),
                    seconds(self.patience),
                    self.service()
                );
            }
        }
    }

    /// Changes the lamp, and waits until `lamp_service` confirms the change.
    ///
    /// A request has both hue and saturation, or neither. If only one of them changes, the other is taken
    /// from the lamp's state; if another client changed that one at the same time, the request is repeated.
    pub(crate) fn change(&mut self, change: Change) -> anyhow::Result<()> {
        let mut last_seen = self.state()?;
        let mut color = last_seen.color;
        for _ in 0..COMPLETIONS {
            let Confirmed { replaced, state } = self.request(&change.request(&self.name, color))?;
            if !change.overwrites(replaced.color, last_seen.color) {
                break;
            }
            color = replaced.color;
            last_seen = state;
        }
        Ok(())
    }

    /// Publishes a request, and waits until `lamp_service` confirms it.
    fn request(&mut self, request: &SetConfig) -> anyhow::Result<Confirmed> {
        self.connection.set_patience(self.patience);
        let mut replaced = self.state()?;
        let mut is_over = match self.connection.publish(topic::SET_CONFIG, false, request.to_json()) {
            Ok(()) => false,
            Err(Error::NoAnswer) => true,
            Err(error) => return Err(lost(&self.address, &error)),
        };
        while !is_over {
            match self.next()? {
                Some(message) if message.topic == topic::CHANGED => {
                    let state = self.state()?;
                    if !message.retained && request.is_met_by(&state) {
                        return Ok(Confirmed { replaced, state });
                    }
                    replaced = state;
                }
                Some(_) => {}
                None => is_over = true,
            }
        }
        bail!("lamp_service did not confirm the change within {}: {}", seconds(self.patience), self.service())
    }

    /// Disconnects; otherwise the broker would log an error.
    pub(crate) fn disconnect(self) {
        self.connection.close();
    }

    /// The next message, after its content is stored in `known`; `None` when the time is over.
    fn next(&mut self) -> anyhow::Result<Option<Message>> {
        match self.connection.next_message() {
            Ok(message) => {
                self.known.take(&message)?;
                Ok(Some(message))
            }
            Err(Error::NoAnswer) => Ok(None),
            Err(error) => Err(lost(&self.address, &error)),
        }
    }

    /// Why `lamp_service` may not have responded.
    fn service(&self) -> &'static str {
        match self.known.service {
            Some(true) => "lamp_service is connected but does not respond; run: lampi logs lamp_service",
            Some(false) => "lamp_service is not connected to the broker; run: sudo lampi status",
            None => "lamp_service has never connected to the broker; run: sudo lampi status",
        }
    }
}

impl Change {
    /// The request of a client with this `name`. `color` is the lamp's present colour.
    fn request(self, name: &str, color: Color) -> SetConfig {
        let is_colored = self.hue.is_some() || self.saturation.is_some();
        let color = is_colored.then(|| Color {
            hue: self.hue.unwrap_or(color.hue),
            saturation: self.saturation.unwrap_or(color.saturation),
        });
        SetConfig { client: name.to_owned(), color, brightness: self.brightness, on: self.on }
    }

    /// Whether the change sets one of hue and saturation, and the other one differs from `before`.
    fn overwrites(self, now: Color, before: Color) -> bool {
        // States have two decimals.
        let differ = |one: f64, other: f64| (one - other).abs() > 0.001;
        match (self.hue, self.saturation) {
            (Some(_), None) => differ(now.saturation, before.saturation),
            (None, Some(_)) => differ(now.hue, before.hue),
            _ => false,
        }
    }
}

impl Known {
    fn take(&mut self, Message { topic, payload, .. }: &Message) -> anyhow::Result<()> {
        if topic == topic::CHANGED {
            let state = LampState::from_json(payload)
                .with_context(|| format!("the payload on {topic} is not a lamp state"))?;
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

fn lost(address: &Address, error: &Error) -> anyhow::Error {
    anyhow!("lost the connection to {}: {error}", broker(address))
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}
