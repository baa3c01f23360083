// SPDX-License-Identifier: GPL-3.0-or-later
//! A connection that is kept up for as long as the program runs, on a thread of its own.
//!
//! On every connection the program announces itself (`1`, retained, QoS 2; the broker publishes `0` by the Last Will) and
//! subscribes anew, because a restarted broker has forgotten its subscriptions. There is no clean DISCONNECT: the Last Will
//! is published of a program that ends, however it ends.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use runtime::address::Address;
use runtime::backoff::Backoff;
use runtime::{Waker, wait};

use crate::link::{Link, Received};
use crate::{Error, Login, Message, QoS};

/// A connection that lasted as long was not thrown out at once by another client with our id.
const LASTING: Duration = Duration::from_secs(1);

/// How long the broker may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(5);

/// Messages that may wait for the connection's thread. A lamp needs only its newest state: few are enough.
const QUEUE: usize = 64;

/// Messages that the broker may not have acknowledged yet. Further ones wait.
const MOST_UNACKNOWLEDGED: usize = 100;

/// Whom to connect to, as whom, and what to subscribe to.
pub struct Options {
    /// The broker.
    pub broker: Address,
    /// Says as whom to connect; asked before each attempt, so that what is put right meanwhile counts. An error is one
    /// sentence.
    pub login: Box<dyn Fn() -> Result<Option<Login>, String> + Send>,
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

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("broker", &self.broker)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// What happens on the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Connected, announced and subscribed: the time to publish what others should know.
    Connected,
    /// Not connected (any more), with the reason. Comes once, not for each new attempt; but again when it turns out that the
    /// broker refuses the client.
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
pub struct Publisher(Arc<Shared>);

/// What other threads share with that of the connection.
struct Shared {
    queue: Mutex<Queue>,
    /// The login may be another one now.
    log_in_again: AtomicBool,
    /// Woken with each request that is put into the queue, and with `log_in_again`.
    waker: Waker,
}

/// Requests that wait to be sent, in their order.
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
    /// Hands a message to the connection.
    pub fn publish(
        &self,
        topic: &str,
        qos: QoS,
        retain: bool,
        payload: impl Into<Vec<u8>>,
    ) -> Result<(), Unsent> {
        self.0.put(Request::Publish { topic: topic.into(), qos, retain, payload: payload.into() })
    }

    /// Subscribes to one more topic until the connection is lost.
    pub fn subscribe(&self, topic: &str, qos: QoS) -> Result<(), Unsent> {
        self.0.put(Request::Subscribe { topic: topic.into(), qos })
    }

    /// Connects anew if the login has become another one that can be read, and at once if there is no connection.
    pub fn log_in_again(&self) {
        self.0.log_in_again.store(true, Ordering::SeqCst);
        self.0.waker.wake();
    }
}

impl Shared {
    fn put(&self, request: Request) -> Result<(), Unsent> {
        let mut queue = self.queue();
        // Without a connection a message would wait, and be sent before newer ones when it is old.
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

/// Starts the connection's thread, which calls `on_event` and keeps connecting for as long as the process lives.
///
/// `on_event` must not block: while it runs nothing is received.
pub fn start(options: Options, on_event: impl FnMut(Event) + Send + 'static) -> Result<Publisher, Error> {
    let waker = Waker::new().map_err(Error::Thread)?;
    let shared = Arc::new(Shared { queue: Mutex::default(), log_in_again: AtomicBool::new(false), waker });
    let thread = Thread { options, shared: Arc::clone(&shared), on_event };
    std::thread::Builder::new().name("mqtt".into()).spawn(move || thread.run()).map_err(Error::Thread)?;
    Ok(Publisher(shared))
}

struct Thread<F> {
    options: Options,
    shared: Arc<Shared>,
    on_event: F,
}

impl<F: FnMut(Event)> Thread<F> {
    fn run(mut self) {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        let mut lost_reported = false;
        let mut refusal_reported = None;
        let mut too_large = false;
        loop {
            let mut connected = None;
            let Err(error) = self.keep_connection(&mut connected, too_large);
            *self.shared.queue() = Queue::default();
            if let Some(since) = connected {
                lost_reported = false;
                refusal_reported = None;
                too_large = false;
                // Two clients with one id throw each other out: only a connection that lasts is a success.
                if Instant::elapsed(&since) >= LASTING {
                    backoff.reset();
                }
            }
            too_large |= matches!(error, Error::TooLarge);
            // A refusal needs somebody to act: it must not be hidden by a broker that was not there before it.
            let is_refusal = matches!(error, Error::Refused(_) | Error::NotAuthorized(_) | Error::NoLogin(_));
            let reason = error.to_string();
            let is_news = is_refusal && refusal_reported.as_ref() != Some(&reason);
            if !lost_reported || is_news {
                lost_reported = true;
                (self.on_event)(Event::Lost(format!("MQTT broker {}: {reason}", self.options.broker)));
            }
            if is_refusal {
                refusal_reported = Some(reason);
            }
            if self.pause(backoff.wait()) {
                backoff.reset();
            }
        }
    }

    /// Waits, but no longer than until the login may be another one. Whether it may.
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

    /// Whether the login is another one than `login`. One that cannot be read is for the next connection to complain of.
    fn is_another(&self, login: Option<&Login>) -> bool {
        self.shared.log_in_again.swap(false, Ordering::SeqCst)
            && (self.options.login)().is_ok_and(|new| new.as_ref() != login)
    }

    /// Connects, and receives and sends for as long as there is a connection. Says in `connected` since when there was.
    fn keep_connection(
        &mut self,
        connected: &mut Option<Instant>,
        too_large: bool,
    ) -> Result<Infallible, Error> {
        let Options { broker, client_id, state_topic, subscriptions, unretained_topic, login } =
            &self.options;
        self.shared.log_in_again.store(false, Ordering::SeqCst);
        let login = login().map_err(Error::NoLogin)?;
        let will = (state_topic.as_str(), "0");
        let mut link =
            Link::open(broker, login.as_ref(), client_id, Some(will), Instant::now() + CONNECTING)?;
        *connected = Some(Instant::now());
        if let Some(topic) = unretained_topic
            && too_large
        {
            // Before it is subscribed to.
            link.publish(topic, QoS::AtLeastOnce, true, Vec::new())?;
        }
        link.publish(state_topic, QoS::ExactlyOnce, true, b"1".to_vec())?;
        for (topic, qos) in subscriptions {
            link.subscribe([(topic.as_str(), *qos)])?;
        }
        link.flush()?;
        self.shared.queue().is_connected = true;
        (self.on_event)(Event::Connected);
        loop {
            self.send_requests(&mut link)?;
            let readable = wait::readable(&[link.as_fd(), self.shared.waker.as_fd()], link.next_deadline())?;
            if readable[1] {
                self.shared.waker.clear();
                if self.is_another(login.as_ref()) {
                    return Err(Error::Lost("the user name or the password has changed".into()));
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
        }
    }

    /// Sends what waits, and the answers to what was received, in one write.
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
