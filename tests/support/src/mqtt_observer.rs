// SPDX-License-Identifier: GPL-3.0-or-later
//! An MQTT client that receives the programs' messages and publishes messages for them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rumqttc::{Client, MqttOptions, Packet, QoS};

use crate::PATIENCE;

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its topic.
    pub topic: String,
    /// Its payload, always text in these tests.
    pub payload: String,
    /// The QoS from the broker: the lower of the publisher's and the subscription's.
    pub qos: QoS,
    /// Whether it is a retained message.
    pub retained: bool,
    /// When it arrived.
    pub at: Instant,
}

#[derive(Debug, Default)]
struct Seen {
    messages: Vec<Message>,
    subscribed: usize,
    acknowledged: usize,
}

/// A client that receives every message on its topics, also after a restart of the broker.
pub struct MqttObserver {
    client: Client,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    /// For each topic, the number of messages that [`MqttObserver::next`] has returned or skipped.
    taken: HashMap<String, usize>,
}

impl fmt::Debug for MqttObserver {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter
            .debug_struct("MqttObserver")
            .field("seen", &self.seen)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

impl MqttObserver {
    /// Connects to the broker at `port` of 127.0.0.1 and waits until it has confirmed the subscriptions with
    /// QoS 2.
    #[must_use]
    pub fn connect(port: u16, topics: &[&str]) -> Self {
        let mut options = MqttOptions::new(format!("observer{:x}", fastrand::u64(..)), "127.0.0.1", port);
        options.set_max_packet_size(8 << 20, 8 << 20);
        let (client, mut connection) = Client::new(options, 100_000);
        let mut network = connection.eventloop.network_options();
        network.set_tcp_nodelay(true);
        connection.eventloop.set_network_options(network);
        let seen = Arc::<(Mutex<Seen>, Condvar)>::default();
        let mut observer = Self { client: client.clone(), seen: Arc::clone(&seen), taken: HashMap::new() };
        let subscriptions: Vec<String> = topics.iter().map(ToString::to_string).collect();
        std::thread::spawn(move || {
            while let Ok(event) = connection.recv() {
                let (lock, changed) = &*seen;
                match event {
                    Ok(rumqttc::Event::Incoming(packet)) => {
                        let mut seen = lock.lock().unwrap();
                        match packet {
                            Packet::ConnAck(_) => {
                                for topic in &subscriptions {
                                    client.try_subscribe(topic, QoS::ExactlyOnce).expect("room in the queue");
                                }
                            }
                            Packet::SubAck(_) => seen.subscribed += 1,
                            Packet::PubAck(_) => seen.acknowledged += 1,
                            Packet::Publish(publish) => seen.messages.push(Message {
                                topic: publish.topic,
                                payload: String::from_utf8_lossy(&publish.payload).into_owned(),
                                qos: publish.qos,
                                retained: publish.retain,
                                at: Instant::now(),
                            }),
                            _ => {}
                        }
                        changed.notify_all();
                    }
                    Ok(rumqttc::Event::Outgoing(_)) => {}
                    Err(_) if Arc::strong_count(&seen) == 1 => return,
                    Err(_) => std::thread::sleep(Duration::from_millis(20)),
                }
            }
        });
        observer.await_subscriptions(topics.len());
        observer
    }

    /// Waits until the broker has confirmed `count` subscriptions in total. A restart adds one for each
    /// topic.
    #[track_caller]
    pub fn await_subscriptions(&mut self, count: usize) {
        self.wait(&format!("{count} subscriptions"), |seen| (seen.subscribed >= count).then_some(()));
    }

    /// Waits until the broker has confirmed `count` messages with QoS 1 in total.
    #[track_caller]
    pub fn await_acknowledged(&self, count: usize) {
        self.wait(&format!("{count} messages acknowledged"), |seen| {
            (seen.acknowledged >= count).then_some(())
        });
    }

    /// Publishes a message with QoS 1, not retained.
    pub fn publish(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.publish_with(topic, QoS::AtLeastOnce, false, payload);
    }

    /// Publishes a message.
    pub fn publish_with(&self, topic: &str, qos: QoS, retain: bool, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic, qos, retain, payload).expect("the observer is connected");
    }

    /// The next message on `topic`.
    #[track_caller]
    pub fn next(&mut self, topic: &str) -> Message {
        self.next_where(topic, |_| true)
    }

    /// The next message on `topic` that `wanted` accepts. Skips the messages before it.
    #[track_caller]
    pub fn next_where(&mut self, topic: &str, wanted: impl Fn(&Message) -> bool) -> Message {
        let taken = self.taken.get(topic).copied().unwrap_or(0);
        let (place, message) = self.wait(&format!("a wanted message on {topic}"), |seen| {
            let place = seen.messages[taken..].iter().position(|m| m.topic == topic && wanted(m))?;
            Some((taken + place, seen.messages[taken + place].clone()))
        });
        self.taken.insert(topic.to_owned(), place + 1);
        message
    }

    /// All messages so far, in the order of arrival.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.seen.0.lock().unwrap().messages.clone()
    }

    #[track_caller]
    fn wait<T>(&self, what: &str, mut look: impl FnMut(&mut Seen) -> Option<T>) -> T {
        let (messages, changed) = &*self.seen;
        let start = Instant::now();
        let mut seen = messages.lock().unwrap();
        loop {
            if let Some(found) = look(&mut seen) {
                return found;
            }
            let rest = PATIENCE.saturating_sub(start.elapsed());
            let last = &seen.messages[seen.messages.len().saturating_sub(20)..];
            assert!(
                !rest.is_zero(),
                "timed out after {PATIENCE:?}, waiting for {what}; the last messages: {last:#?}"
            );
            seen = changed.wait_timeout(seen, rest).unwrap().0;
        }
    }
}

impl Drop for MqttObserver {
    fn drop(&mut self) {
        let _ = self.client.try_disconnect();
    }
}
