// SPDX-License-Identifier: GPL-3.0-or-later
//! A connection that lasts as long as the program, on its own thread.
//!
//! After each connect it publishes `1` on the state topic (retained, QoS 2; the Last Will is `0`) and
//! subscribes again, because sessions are clean. It sends no DISCONNECT, so that the broker publishes the
//! Last Will however the program ends.
//!
//! It retries at once when an accepted connection ends, and with growing waits when connections fail or end
//! often. It logs that it is connected, disconnected and cannot connect, but not each repetition;
//! `ends` has the rules.

use std::collections::VecDeque;
use std::fmt;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use log::{info, warn};
use runtime::address::Address;
use runtime::backoff::Backoff;
use runtime::{Waker, wait};

use crate::ends::{Ends, LASTING, SETTLED};
use crate::link::{Link, Received};
use crate::{Error, FailureLog, Login, Message, QoS};

/// How long the broker may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(5);

/// Most messages that wait for the connection's thread. Few are enough, because only the newest state
/// matters.
const QUEUE: usize = 64;

/// Most messages that the broker has not acknowledged. Further ones wait.
const MOST_UNACKNOWLEDGED: usize = 100;

/// The broker, the login and the topics of a session.
pub struct Options {
    /// The broker.
    pub broker: Address,
    /// Reads the login. It is called before each attempt to connect, so that the newest login counts. An
    /// error is one sentence.
    pub login: Box<dyn Fn() -> Result<Option<Login>, String> + Send>,
    /// The client ID. A broker allows one connection for each.
    pub client_id: String,
    /// Topic of the program's connection state.
    pub state_topic: String,
    /// Topics to subscribe to.
    pub subscriptions: Vec<(String, QoS)>,
    /// One of these topics, on which nothing may be retained. The session removes a retained message on it
    /// that is too large to receive, because it would end every connection.
    pub unretained_topic: Option<String>,
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("broker", &self.broker)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// An event of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Connected and subscribed. Publish what others should receive.
    Connected,
    /// Disconnected. It follows each [`Event::Connected`] whose connection ends.
    Lost,
    /// A message on one of the subscribed topics.
    Message(Message),
}

/// A message was not sent, because there is no connection or too many messages wait.
///
/// Publish the newest state after the next [`Event::Connected`], or when it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsent;

/// Sends messages from any thread and never blocks.
#[derive(Clone)]
pub struct Publisher(Arc<Shared>);

/// Data that other threads share with the connection's thread.
struct Shared {
    queue: Mutex<Queue>,
    /// The login may have changed.
    log_in_again: AtomicBool,
    /// Wakes the thread for each new request, and for `log_in_again`.
    waker: Waker,
}

/// Requests that wait, in their order.
#[derive(Default)]
struct Queue {
    is_connected: bool,
    requests: VecDeque<Request>,
}

enum Request {
    Publish { topic: String, qos: QoS, retain: bool, payload: Vec<u8> },
    Subscribe { topic: String, qos: QoS },
}

impl fmt::Debug for Publisher {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.debug_struct("Publisher").finish_non_exhaustive()
    }
}

impl Publisher {
    /// Publishes a message.
    pub fn publish(
        &self,
        topic: &str,
        qos: QoS,
        retain: bool,
        payload: impl Into<Vec<u8>>,
    ) -> Result<(), Unsent> {
        self.0.put(Request::Publish { topic: topic.into(), qos, retain, payload: payload.into() })
    }

    /// Subscribes to one more topic until the connection ends.
    pub fn subscribe(&self, topic: &str, qos: QoS) -> Result<(), Unsent> {
        self.0.put(Request::Subscribe { topic: topic.into(), qos })
    }

    /// Reads the login, and connects again if it has changed. Without a connection, it retries at once.
    pub fn log_in_again(&self) {
        self.0.log_in_again.store(true, Ordering::SeqCst);
        self.0.waker.wake();
    }
}

impl Shared {
    fn put(&self, request: Request) -> Result<(), Unsent> {
        let mut queue = self.queue();
        // Without a connection, an old message would wait and precede newer ones.
        if !queue.is_connected || queue.requests.len() >= QUEUE {
            return Err(Unsent);
        }
        queue.requests.push_back(request);
        drop(queue);
        self.waker.wake();
        Ok(())
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("no holder panics")
    }
}

/// Starts the thread, which calls `on_event` and keeps connecting until the process ends.
///
/// `on_event` must not block: the thread receives nothing while it runs.
pub fn start(options: Options, on_event: impl FnMut(Event) + Send + 'static) -> Result<Publisher, Error> {
    let waker = Waker::new().map_err(Error::Thread)?;
    let shared = Arc::new(Shared { queue: Mutex::default(), log_in_again: AtomicBool::new(false), waker });
    let thread = Thread {
        options,
        shared: Arc::clone(&shared),
        on_event,
        backoff: Backoff::new(Duration::from_millis(200), Duration::from_secs(10)),
        ends: Ends::default(),
        failures: FailureLog::default(),
        is_too_large: false,
    };
    std::thread::Builder::new().name("mqtt".into()).spawn(move || thread.run()).map_err(Error::Thread)?;
    Ok(Publisher(shared))
}

struct Thread<F> {
    options: Options,
    shared: Arc<Shared>,
    on_event: F,
    backoff: Backoff,
    ends: Ends,
    failures: FailureLog,
    /// The broker sent a packet that was too large.
    is_too_large: bool,
}

impl<F: FnMut(Event)> Thread<F> {
    fn run(mut self) {
        loop {
            let wait = match self.connect() {
                Ok((mut link, login)) => {
                    let end = self.keep_connection(&mut link, login.as_ref());
                    *self.shared.queue() = Queue::default();
                    (self.on_event)(Event::Lost);
                    self.disconnected(&mut link, end.err());
                    if self.ends.are_many() {
                        self.backoff.wait()
                    } else {
                        self.backoff.reset();
                        Duration::ZERO
                    }
                }
                Err(error) => {
                    self.ends.failed();
                    self.failures.failed(&self.options.broker, &error);
                    self.backoff.wait()
                }
            };
            if self.pause(wait) {
                self.backoff.reset();
            }
        }
    }

    /// Logs the end of a connection, and its cause if that is known.
    fn disconnected(&mut self, link: &mut Link, error: Option<Error>) {
        let Options { broker, client_id, .. } = &self.options;
        let Some(error) = error else {
            info!(
                "disconnected from MQTT broker {broker}: the user name or the password has changed; retrying"
            );
            return self.failures.connected(true);
        };
        link.read_rest();
        self.is_too_large = matches!(error, Error::TooLarge);
        let is_closed = matches!(error, Error::Closed);
        let is_other_client = self.ends.ended(is_closed, link.accepted(), link.suspect());
        let is_quiet = !is_other_client && self.ends.are_quiet();
        if is_other_client {
            warn!(
                "MQTT broker {broker} closes each connection soon: another client probably uses the client \
                 ID {client_id}; stop the other client"
            );
        } else if !is_quiet {
            warn!("disconnected from MQTT broker {broker}: {error}; retrying");
        }
        self.failures.connected(!is_quiet);
    }

    /// Logs which packets the broker does not accept.
    fn settled(&mut self) {
        let broker = &self.options.broker;
        for (topic, size) in self.ends.settled() {
            warn!(
                "MQTT broker {broker} closes the connection after a packet of {size} bytes on {topic}; such \
                 packets are not sent; raise max_packet_size in mosquitto.conf and restart mosquitto"
            );
        }
    }

    /// Waits, until the login may have changed at the latest. Returns whether it may.
    fn pause(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            if self.shared.log_in_again.swap(false, Ordering::SeqCst) {
                return true;
            }
            match wait::readable(&[self.shared.waker.as_fd()], Some(until)) {
                Ok(readable) if readable[0] => self.shared.waker.clear(),
                Ok(_) => return false,
                Err(_) => {
                    std::thread::sleep(until.saturating_duration_since(Instant::now()));
                    return false;
                }
            }
        }
    }

    /// Whether the login is no longer `login`. The next attempt to connect reports one that cannot be read.
    fn has_changed(&self, login: Option<&Login>) -> bool {
        self.shared.log_in_again.swap(false, Ordering::SeqCst)
            && (self.options.login)().is_ok_and(|new| new.as_ref() != login)
    }

    /// Connects. Returns the login too.
    fn connect(&self) -> Result<(Link, Option<Login>), Error> {
        let Options { broker, client_id, state_topic, login, .. } = &self.options;
        self.shared.log_in_again.store(false, Ordering::SeqCst);
        let login = login().map_err(Error::NoLogin)?;
        let will = (state_topic.as_str(), "0");
        let link = Link::open(broker, login.as_ref(), client_id, Some(will), Instant::now() + CONNECTING)?;
        Ok((link, login))
    }

    /// Receives and sends until the connection fails, or the login is no longer `login`.
    fn keep_connection(&mut self, link: &mut Link, login: Option<&Login>) -> Result<(), Error> {
        let Options { broker, state_topic, subscriptions, unretained_topic, .. } = &self.options;
        let now = Instant::now();
        let mut settled = self.ends.are_unsettled().then_some(now + SETTLED);
        let mut lasting = Some(now + LASTING);
        link.set_limit(self.ends.limit());
        if let Some(topic) = unretained_topic
            && self.is_too_large
        {
            // The subscription must follow.
            link.publish(topic, QoS::AtLeastOnce, true, Vec::new())?;
        }
        link.publish(state_topic, QoS::ExactlyOnce, true, b"1".to_vec())?;
        for (topic, qos) in subscriptions {
            link.subscribe([(topic.as_str(), *qos)])?;
        }
        link.flush()?;
        if !self.ends.are_quiet() {
            info!("connected to MQTT broker {broker}");
        }
        self.shared.queue().is_connected = true;
        (self.on_event)(Event::Connected);
        loop {
            self.send_requests(link)?;
            let until = link.next_deadline().into_iter().chain(settled).chain(lasting).min();
            let readable = wait::readable(&[link.as_fd(), self.shared.waker.as_fd()], until)?;
            if readable[1] {
                self.shared.waker.clear();
                if self.has_changed(login) {
                    return Ok(());
                }
            }
            if readable[0] {
                for received in link.receive()? {
                    if let Received::Message(message) = received {
                        (self.on_event)(Event::Message(message));
                    }
                }
            }
            link.keep_alive()?;
            let now = Instant::now();
            if settled.take_if(|settled| *settled <= now).is_some() {
                self.settled();
            }
            if lasting.take_if(|lasting| *lasting <= now).is_some() && self.ends.lasted() {
                info!("connected to MQTT broker {}", self.options.broker);
            }
        }
    }

    /// Sends pending requests, and the answers to what was received, in one write.
    fn send_requests(&self, link: &mut Link) -> Result<(), Error> {
        while link.unacknowledged() < MOST_UNACKNOWLEDGED {
            let Some(request) = self.shared.queue().requests.pop_front() else { break };
            match request {
                Request::Publish { topic, qos, retain, payload } => {
                    link.publish(&topic, qos, retain, payload)?;
                }
                Request::Subscribe { topic, qos } => link.subscribe([(topic.as_str(), qos)])?,
            }
        }
        link.flush()
    }
}
