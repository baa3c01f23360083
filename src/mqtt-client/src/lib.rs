// SPDX-License-Identifier: GPL-3.0-or-later
//! MQTT 3.1.1 over TCP: a connection that lasts as long as a program ([`session`]), and one for a few
//! requests ([`Connection`]).
//!
//! This crate contains nothing about the lamp. Only this crate and the tests use an MQTT library. It is
//! mqtt-protocol-core, which does no input or output. The reasons, as of November 2026:
//!
//! - Maintenance: releases throughout 2026. The last release of rumqttc, used before, is 0.25.1 of November
//!   2025. Its fork rumqttc-v4-next is younger, has one author and another interface.
//! - TLS: rumqttc requires rustls-webpki 0.102 for it, with four advisories of 2026. Here TLS would be
//!   another stream in the module `link`, from any library.
//! - The socket is under control: its options, when to read, and how much to write at a time.
//! - Threads: one for the session, and one that ends when a host name is resolved. There is no tokio.
//! - Size: `lamp_service` became 21 KB smaller, `lampi` 10 KB.
//!
//! symqtt (0.1) requires two or three threads for each connection, and paho-mqtt a C library.

mod connection;
mod ends;
mod error;
mod failure_log;
mod link;
mod login;
mod qos;
pub mod session;

pub use connection::{Connection, probe};
pub use error::Error;
pub use failure_log::FailureLog;
pub use login::{Login, Password};
pub use qos::QoS;

/// A message on a subscribed topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its topic.
    pub topic: String,
    /// Its payload.
    pub payload: Vec<u8>,
    /// It is a retained message that the broker sent because of the subscription.
    pub retained: bool,
}
