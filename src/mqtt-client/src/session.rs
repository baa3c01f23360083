// SPDX-License-Identifier: GPL-3.0-or-later
//! A connection that is kept up for as long as the program runs, on a thread of its own.
//!
//! On every connection the program announces itself (`1`, retained, QoS 2; the broker publishes `0` by the Last Will) and
//! subscribes anew, because a restarted broker has forgotten its subscriptions. There is no clean DISCONNECT: the Last Will
//! is published of a program that ends, however it ends.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rumqttc::{
    Client, ConnAck, ConnectReturnCode, Connection, ConnectionError, LastWill, MqttOptions, Packet,
    StateError, mqttbytes,
};
use runtime::address::Address;
use runtime::backoff::Backoff;

use crate::{Error, Message, QoS};

/// Time between signs of life, as in every LAMPI client.
const KEEP_ALIVE: Duration = Duration::from_mins(1);

/// A connection that lasted as long was not thrown out at once by another client with our id.
const LASTING: Duration = Duration::from_secs(1);

/// Largest packet taken from the broker, in bytes. Beyond it the connection is dropped, so it is far above any
/// message that makes sense and far below the memory of a lamp.
const LARGEST_INCOMING: usize = 4 << 20;

/// Largest packet sent, in bytes.
const LARGEST_OUTGOING: usize = 64 << 10;

/// Messages that may wait for the connection's thread. A lamp needs only its newest state: few are enough.
const QUEUE: usize = 64;

/// Whom to connect to, as whom, and what to subscribe to.
#[derive(Debug, Clone)]
pub struct Options {
    /// The broker.
    pub broker: Address,
    /// The MQTT client id. The broker allows one connection per id.
    pub client_id: String,
    /// Topic on which the program is announced.
    pub state_topic: String,
    /// Topics to subscribe to.
    pub subscriptions: Vec<(String, QoS)>,
    /// One of these topics, on which nothing may be retained. A retained message on it that is too large to be taken is removed:
    /// it would end every connection.
    pub unretained_topic: Option<String>,
}

/// What happens on the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Connected, announced and subscribed: the time to publish what others should know.
    Connected,
    /// Not connected (any more), with the reason. Comes once, not for each new attempt.
    Lost(String),
    /// A message on one of the subscribed topics.
    Message(Message),
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

impl fmt::Debug for Publisher {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.debug_struct("Publisher").field("connected", &self.connected).finish_non_exhaustive()
    }
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
        // Without a connection the message would wait, and be sent before newer ones when it is old.
        if !self.connected.load(Ordering::Acquire) {
            return Err(Unsent);
        }
        self.client.try_publish(topic, qos.into(), retain, payload).map_err(|_| Unsent)
    }

    /// Subscribes to one more topic until the connection is lost.
    pub fn subscribe(&self, topic: &str, qos: QoS) -> Result<(), Unsent> {
        self.client.try_subscribe(topic, qos.into()).map_err(|_| Unsent)
    }
}

/// Starts the connection's thread, which calls `on_event` and keeps connecting for as long as the process lives.
///
/// `on_event` must not block: while it runs nothing is received.
pub fn start(options: Options, on_event: impl FnMut(Event) + Send + 'static) -> Result<Publisher, Error> {
    let Address { port, .. } = options.broker;
    let mut mqtt = MqttOptions::new(&options.client_id, options.broker.bracketed_host(), port);
    mqtt.set_keep_alive(KEEP_ALIVE);
    mqtt.set_max_packet_size(LARGEST_INCOMING, LARGEST_OUTGOING);
    mqtt.set_last_will(LastWill::new(&options.state_topic, "0", QoS::ExactlyOnce.into(), true));
    let (client, connection) = crate::client(mqtt, QUEUE, None);
    let publisher = Publisher { client, connected: Arc::default() };
    let thread = Thread { options, publisher: publisher.clone(), on_event };
    std::thread::Builder::new()
        .name("mqtt".into())
        .spawn(move || thread.run(connection))
        .map_err(Error::Thread)?;
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
        let mut lost_reported = false;
        let mut too_large = false;
        while let Ok(event) = connection.recv() {
            match event {
                Ok(rumqttc::Event::Incoming(Packet::ConnAck(ConnAck {
                    code: ConnectReturnCode::Success,
                    ..
                }))) => {
                    connected = Some(Instant::now());
                    lost_reported = false;
                    if std::mem::take(&mut too_large) {
                        self.clear_retained();
                    }
                    self.announce();
                    (self.on_event)(Event::Connected);
                }
                Ok(rumqttc::Event::Incoming(Packet::Publish(publish))) => {
                    (self.on_event)(Event::Message(publish.into()));
                }
                Ok(_) => {}
                Err(error) => {
                    self.publisher.connected.store(false, Ordering::Release);
                    too_large |= is_too_large(&error);
                    // Two clients with one id throw each other out: only a connection that lasts is a success.
                    if connected.take().is_some_and(|since| since.elapsed() >= LASTING) {
                        backoff.reset();
                    }
                    if !lost_reported {
                        lost_reported = true;
                        (self.on_event)(Event::Lost(format!("MQTT broker {}: {error}", self.options.broker)));
                    }
                    std::thread::sleep(backoff.wait());
                }
            }
        }
    }

    /// Removes what is retained on [`Options::unretained_topic`], before it is subscribed to.
    fn clear_retained(&self) {
        if let Some(topic) = &self.options.unretained_topic {
            // Announcing finds out whether there is room for more.
            let _ = self.publisher.client.try_publish(topic, QoS::AtLeastOnce.into(), true, "");
        }
    }

    /// Says `1` and subscribes.
    fn announce(&self) {
        self.publisher.connected.store(true, Ordering::Release);
        let Options { state_topic, subscriptions, .. } = &self.options;
        let mut sent = self.publisher.publish(state_topic, QoS::ExactlyOnce, true, "1").is_ok();
        for (topic, qos) in subscriptions {
            sent &= self.publisher.subscribe(topic, *qos).is_ok();
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
