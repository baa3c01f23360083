// SPDX-License-Identifier: GPL-3.0-or-later
//! The MQTT connection of a lamp program, kept up for as long as the program runs.
//!
//! On every connection the program announces itself (`1`, retained, QoS 2; the broker's Last Will tells `0`) and
//! subscribes anew, because a restarted broker has forgotten its subscriptions. There is no clean DISCONNECT: a
//! program that ends, however it ends, is told as `0` by its Last Will.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
pub use rumqttc::QoS;
use rumqttc::{
    Client, ConnAck, ConnectReturnCode, Connection, ConnectionError, LastWill, MqttOptions, Packet,
    StateError, mqttbytes,
};

use crate::backoff::Backoff;
use crate::topic;

/// Time between signs of life, as in every LAMPI client.
const KEEP_ALIVE: Duration = Duration::from_mins(1);

/// A connection that lasted as long was not thrown out at once by another client with our id.
const LASTING: Duration = Duration::from_secs(1);

/// How long [`probe`] waits for the broker.
const PROBING: Duration = Duration::from_secs(5);

/// Largest packet taken from the broker, in bytes. Beyond it the connection is dropped, so it is far above any
/// message that makes sense and far below the memory of a lamp.
const LARGEST_INCOMING: usize = 4 << 20;

/// Largest packet sent, in bytes.
const LARGEST_OUTGOING: usize = 64 << 10;

/// Messages that may wait for the connection's thread. A lamp needs only its newest state: few are enough.
const QUEUE: usize = 64;

/// Whom to connect to, as whom, and what to hear.
#[derive(Debug, Clone)]
pub struct Options {
    /// Name or address of the broker.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// The MQTT client id. The broker allows one connection per id.
    pub client_id: String,
    /// Topics to subscribe to.
    pub subscriptions: Vec<(String, QoS)>,
}

/// What happens on the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Connected, announced and subscribed: the time to publish what others should know.
    Connected,
    /// Not connected (any more), with the reason. Told once, not for each new attempt.
    Lost(String),
    /// A message on one of the subscribed topics.
    Message {
        /// The topic.
        topic: String,
        /// The payload as it came.
        payload: Vec<u8>,
        /// The broker had kept it: it is old news, sent because of the subscription.
        retained: bool,
    },
}

/// A message that was not sent, because there is no connection or it does not keep up.
///
/// The newest state is to be sent again on the next [`Event::Connected`], or when there is something newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsent;

/// Sends messages from any thread, without ever blocking.
#[derive(Clone)]
pub struct Publisher {
    client: Client,
    connected: Arc<AtomicBool>,
}

impl Publisher {
    /// Hands a message to the connection.
    pub fn publish(
        &self,
        topic: &str,
        qos: QoS,
        retain: bool,
        payload: impl Into<Vec<u8>>,
    ) -> Result<(), Unsent> {
        // Without a connection the message would wait and then be sent as old news before newer ones.
        if !self.connected.load(Ordering::Acquire) {
            return Err(Unsent);
        }
        self.client.try_publish(topic, qos, retain, payload).map_err(|_| Unsent)
    }

    /// Subscribes to one more topic until the connection is lost.
    pub fn subscribe(&self, topic: &str, qos: QoS) -> Result<(), Unsent> {
        self.client.try_subscribe(topic, qos).map_err(|_| Unsent)
    }
}

/// Connects once and leaves again, to see whether the broker takes clients. `client_id` must be that of nobody else.
pub fn probe(host: &str, port: u16, client_id: &str) -> anyhow::Result<()> {
    let (client, mut connection) = Client::new(MqttOptions::new(client_id, host, port), QUEUE);
    let deadline = Instant::now() + PROBING;
    let mut welcome = false;
    loop {
        let rest = deadline.saturating_duration_since(Instant::now());
        match connection.recv_timeout(rest) {
            Ok(Ok(rumqttc::Event::Incoming(Packet::ConnAck(_)))) => {
                welcome = true;
                // It ends the loop below, one way or the other.
                let _ = client.try_disconnect();
            }
            Ok(Ok(rumqttc::Event::Outgoing(rumqttc::Outgoing::Disconnect))) => return Ok(()),
            Ok(Ok(_)) => {}
            _ if welcome => return Ok(()),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => anyhow::bail!("it does not answer"),
        }
    }
}

/// Starts the connection's thread, which calls `on_event` and keeps connecting for as long as the process lives.
///
/// `on_event` must not block: while it runs nothing is received.
pub fn start(options: Options, on_event: impl FnMut(Event) + Send + 'static) -> anyhow::Result<Publisher> {
    let mut mqtt = MqttOptions::new(&options.client_id, &options.host, options.port);
    mqtt.set_keep_alive(KEEP_ALIVE);
    mqtt.set_max_packet_size(LARGEST_INCOMING, LARGEST_OUTGOING);
    mqtt.set_last_will(LastWill::new(
        topic::connection_state(&options.client_id),
        "0",
        QoS::ExactlyOnce,
        true,
    ));
    let (client, mut connection) = Client::new(mqtt, QUEUE);
    // Without this an answer waits until the broker's kernel has acknowledged what went before it: 40 ms.
    let mut network = connection.eventloop.network_options();
    network.set_tcp_nodelay(true);
    connection.eventloop.set_network_options(network);
    let publisher = Publisher { client, connected: Arc::default() };
    let thread = Thread { options, publisher: publisher.clone(), on_event };
    std::thread::Builder::new()
        .name("mqtt".into())
        .spawn(move || thread.run(connection))
        .context("cannot start the thread of the MQTT connection")?;
    Ok(publisher)
}

struct Thread<F> {
    options: Options,
    publisher: Publisher,
    on_event: F,
}

impl<F: FnMut(Event)> Thread<F> {
    fn run(mut self, mut connection: Connection) {
        // rumqttc tries again at once, tens of thousands of times a second, unless it is held back.
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        let mut connected: Option<Instant> = None;
        let mut told_lost = false;
        let mut too_large = false;
        while let Ok(event) = connection.recv() {
            match event {
                Ok(rumqttc::Event::Incoming(Packet::ConnAck(ConnAck {
                    code: ConnectReturnCode::Success,
                    ..
                }))) => {
                    connected = Some(Instant::now());
                    told_lost = false;
                    if std::mem::take(&mut too_large) {
                        self.clear_requests();
                    }
                    self.announce();
                    (self.on_event)(Event::Connected);
                }
                Ok(rumqttc::Event::Incoming(Packet::Publish(message))) => (self.on_event)(Event::Message {
                    topic: message.topic,
                    payload: message.payload.to_vec(),
                    retained: message.retain,
                }),
                Ok(_) => {}
                Err(error) => {
                    self.publisher.connected.store(false, Ordering::Release);
                    too_large |= is_too_large(&error);
                    // Two clients with one id throw each other out: only a connection that lasts is a success.
                    if connected.take().is_some_and(|since| since.elapsed() >= LASTING) {
                        backoff.reset();
                    }
                    if !told_lost {
                        told_lost = true;
                        (self.on_event)(Event::Lost(format!(
                            "MQTT broker {}:{}: {error}",
                            self.options.host, self.options.port
                        )));
                    }
                    std::thread::sleep(backoff.wait());
                }
            }
        }
    }

    /// Removes what is retained on the topic of requests, where nothing may be, before it is subscribed to: one message too
    /// large to be taken would end every connection.
    fn clear_requests(&self) {
        if self.options.subscriptions.iter().any(|(topic, _)| topic == topic::SET_CONFIG) {
            // Announcing finds out whether there is room for more.
            let _ = self.publisher.client.try_publish(topic::SET_CONFIG, QoS::AtLeastOnce, true, "");
        }
    }

    /// Says `1` and subscribes.
    fn announce(&self) {
        self.publisher.connected.store(true, Ordering::Release);
        let state = topic::connection_state(&self.options.client_id);
        let mut sent = self.publisher.publish(&state, QoS::ExactlyOnce, true, "1").is_ok();
        for (topic, qos) in &self.options.subscriptions {
            sent &= self.publisher.client.try_subscribe(topic, *qos).is_ok();
        }
        if !sent {
            // The queue was emptied when the connection was lost, so this would be a mistake of ours.
            log::error!("the queue of the MQTT connection has no room for the subscriptions");
        }
    }
}

/// Whether the connection ended because of a packet beyond [`LARGEST_INCOMING`].
fn is_too_large(error: &ConnectionError) -> bool {
    use mqttbytes::Error::PayloadSizeLimitExceeded;
    matches!(error, ConnectionError::MqttState(StateError::Deserialization(PayloadSizeLimitExceeded(_))))
}
