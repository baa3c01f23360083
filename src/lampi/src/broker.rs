// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp as its MQTT broker knows it: what it keeps of the lamp, and a change that is asked for.
//!
//! Unlike a program of the lamp, this client announces nothing and has no Last Will.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use lamp::color::Color;
use lamp::set_config::SetConfig;
use lamp::state::LampState;
use lamp::topic;
use mqtt_client::{Connection, Error, Login, Message, QoS};
use runtime::address::Address;

/// What the names begin with under which changes are asked for: the name of the original lamp's command.
const CLIENT: &str = "lamp_cmd";

/// How often a colour is completed anew, at most. More often it is only because somebody drags a finger over another screen,
/// whose colour then counts.
const COMPLETIONS: usize = 50;

/// The program that keeps the lamp's state.
const SERVICE: &str = "lamp_service";

/// Topics on which brokers tell of their bridges. Between the two is the bridge's name.
const BRIDGES: (&str, &str) = ("$SYS/broker/connection/", "/state");

/// A client that waits as long as its patience, at most.
pub(crate) struct BrokerClient {
    connection: Connection,
    /// The name of this client, by which it knows its own changes.
    name: String,
    address: Address,
    patience: Duration,
    /// What has been received.
    pub known: Known,
}

/// What is to change. The rest stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Change {
    /// Hue, 0 to 1.
    pub hue: Option<f64>,
    /// Saturation, 0 to 1.
    pub saturation: Option<f64>,
    /// Brightness, 0 to 1.
    pub brightness: Option<f64>,
    /// Lit or dark.
    pub on: Option<bool>,
}

/// A request that was confirmed.
struct Confirmed {
    /// The state of the lamp before it.
    replaced: LampState,
    /// The state that it made.
    state: LampState,
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
    /// Connects as `login` and subscribes.
    pub(crate) fn connect(
        address: &Address,
        login: Option<&Login>,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        // The broker throws out the older one of two clients of one name, so each has its own.
        let name = format!("{CLIENT}_{:08x}", fastrand::u32(..));
        // The state last: what the broker keeps of the others has come before it.
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

    /// Makes a change, and waits until `lamp_service` confirms that the lamp has it.
    ///
    /// A request has a whole colour or none. Where only a half of it is to change, the other one is that of the lamp's state
    /// so far; if somebody has changed it in the meantime, the colour is completed anew.
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

    /// Sends a request, and waits until `lamp_service` confirms it.
    fn request(&mut self, request: &SetConfig) -> anyhow::Result<Confirmed> {
        self.connection.set_patience(self.patience);
        let mut replaced = self.state()?;
        let mut is_over = match self.connection.publish(topic::SET_CONFIG, false, request.to_json()) {
            Ok(()) => false,
            Err(Error::NoAnswer) => true,
            Err(error) => return Err(unreachable(&self.address, &error)),
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

impl Change {
    /// The request for it, of a client of this `name`. `color` is that of the lamp.
    fn request(self, name: &str, color: Color) -> SetConfig {
        let is_colored = self.hue.is_some() || self.saturation.is_some();
        let color = is_colored.then(|| Color {
            hue: self.hue.unwrap_or(color.hue),
            saturation: self.saturation.unwrap_or(color.saturation),
        });
        SetConfig { client: name.to_owned(), color, brightness: self.brightness, on: self.on }
    }

    /// Whether it has half of a colour only, and the other half has become another one.
    fn overwrites(self, now: Color, before: Color) -> bool {
        // Of two decimals each.
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
