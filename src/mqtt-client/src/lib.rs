// SPDX-License-Identifier: GPL-3.0-or-later
//! MQTT 3.1.1 over TCP, as the lamp needs it: a connection that is kept up for as long as a program runs ([`session`]), and
//! one for a few questions ([`Connection`]).
//!
//! It knows nothing of the lamp. No other crate but the tests knows which MQTT library is underneath.

mod connection;
mod error;
mod qos;
pub mod session;

use rumqttc::{Client, MqttOptions};

pub use connection::{Connection, probe};
pub use error::Error;
pub use qos::QoS;

/// A message on a topic that was subscribed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its topic.
    pub topic: String,
    /// Its payload as it came.
    pub payload: Vec<u8>,
    /// The broker had kept it, and sent it because of the subscription.
    pub retained: bool,
}

impl From<rumqttc::Publish> for Message {
    fn from(publish: rumqttc::Publish) -> Self {
        Self { topic: publish.topic, payload: publish.payload.to_vec(), retained: publish.retain }
    }
}

/// A client of `options`, which does not connect before it is polled. `timeout` is that of the connection.
fn client(options: MqttOptions, queue: usize, timeout: Option<u64>) -> (Client, rumqttc::Connection) {
    let (client, mut connection) = Client::new(options, queue);
    let mut network = connection.eventloop.network_options();
    // Without this an answer waits until the broker's kernel has acknowledged what went before it: 40 ms.
    network.set_tcp_nodelay(true);
    if let Some(seconds) = timeout {
        network.set_connection_timeout(seconds);
    }
    connection.eventloop.set_network_options(network);
    (client, connection)
}
