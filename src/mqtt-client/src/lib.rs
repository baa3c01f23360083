// SPDX-License-Identifier: GPL-3.0-or-later
//! MQTT 3.1.1 over TCP, as the lamp needs it: a connection that is kept up for as long as a program runs ([`session`]), and
//! one for a few questions ([`Connection`]).
//!
//! It knows nothing of the lamp. No other crate but the tests knows which MQTT library is underneath: mqtt-protocol-core, which
//! does no input or output. It was chosen in November 2026 for these reasons:
//!
//! - Upkeep: releases all through 2026. rumqttc, which was here before, has had none since 0.25.1 of November 2025. Its fork
//!   rumqttc-v4-next is younger, has one author, and another interface.
//! - TLS: rumqttc's features for it bring rustls-webpki 0.102 with four advisories of 2026. Here TLS is another stream in
//!   the module `link`, of whichever library is sound then.
//! - The socket is ours: its options, when it is read and how much is written at a time.
//! - Threads: the one of the session, and one that ends with the look-up of a name. There is no tokio.
//! - Size: `lamp_service` has become 21 KB smaller with it, `lampi` 10 KB.
//!
//! symqtt (0.1) wants two or three threads for a connection, and paho-mqtt brings a C library.

mod connection;
mod error;
mod link;
mod login;
mod qos;
pub mod session;

pub use connection::{Connection, probe};
pub use error::Error;
pub use login::{Login, Password};
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
