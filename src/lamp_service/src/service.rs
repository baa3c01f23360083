// SPDX-License-Identifier: GPL-3.0-or-later
//! What `lamp_service` does with each event of the MQTT connection.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use lamp::session::{Event, Publisher, QoS};
use lamp::set_config::SetConfig;
use lamp::state::LampState;
use lamp::topic;
use log::{info, warn};

use crate::bell::Bell;
use crate::leds::Leds;

/// Time between two log lines about refused messages. A client that sends nothing else shall not fill the disk.
const BETWEEN_REFUSALS: Duration = Duration::from_secs(1);

/// The lamp's state, shared by the thread that changes it and the one that keeps it in a file.
pub struct Service {
    inner: Mutex<Inner>,
    leds: Arc<Leds>,
    /// Rung when [`Service::newest`] has something new to tell.
    changed: Bell,
    publisher: OnceLock<Publisher>,
}

struct Inner {
    state: LampState,
    /// The connection has taken the newest state.
    published: bool,
    connected: bool,
    refusals: Refusals,
}

#[derive(Default)]
struct Refusals {
    told: Option<Instant>,
    untold: u32,
}

impl Service {
    /// A service with `state`, which `leds` already show.
    pub fn new(state: LampState, leds: Arc<Leds>, changed: Bell) -> Self {
        let inner = Inner { state, published: true, connected: false, refusals: Refusals::default() };
        Self { inner: Mutex::new(inner), leds, changed, publisher: OnceLock::new() }
    }

    /// Says how to publish; until then [`Service::hear`] waits.
    pub fn publish_by(&self, publisher: Publisher) {
        // Called once, by main.
        let _ = self.publisher.set(publisher);
    }

    /// The bell that rings after each change.
    pub fn changed(&self) -> &Bell {
        &self.changed
    }

    /// The newest state, and whether it still has to be published by [`Service::publish_again`].
    pub fn newest(&self) -> (LampState, bool) {
        let inner = self.lock();
        (inner.state.clone(), inner.connected && !inner.published)
    }

    /// Publishes the newest state if the connection had no room for it before.
    pub fn publish_again(&self) {
        let mut inner = self.lock();
        if inner.connected && !inner.published {
            self.publish(&mut inner);
        }
    }

    /// Takes an event of the connection.
    pub fn hear(&self, event: Event) {
        let mut inner = self.lock();
        match event {
            Event::Connected => {
                info!("connected to the MQTT broker");
                inner.connected = true;
                self.publish(&mut inner);
                self.changed.ring();
            }
            Event::Lost(reason) => {
                warn!("{reason}; trying again");
                inner.connected = false;
            }
            Event::Message { topic, retained: true, .. } => {
                // Somebody's mistake: at each start it would override what the lamp was told later.
                warn!("ignored a retained message on {topic}; requests must not be retained");
            }
            Event::Message { topic, payload, retained: false } => match SetConfig::parse(&payload) {
                Ok(request) => {
                    request.apply_to(&mut inner.state);
                    self.leds.show(inner.state.duty_cycles());
                    self.publish(&mut inner);
                    self.changed.ring();
                }
                Err(refusal) => inner.refusals.tell(&format!("refused a message on {topic}: {refusal}")),
            },
        }
    }

    /// Tells the state. Under the lock, so that an older state never follows a newer one.
    fn publish(&self, inner: &mut Inner) {
        let publisher = self.publisher.wait();
        let sent = publisher.publish(topic::CHANGED, QoS::AtLeastOnce, true, inner.state.to_json());
        inner.published = sent.is_ok();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder panics")
    }
}

impl Refusals {
    fn tell(&mut self, text: &str) {
        if self.told.is_some_and(|told| told.elapsed() < BETWEEN_REFUSALS) {
            self.untold += 1;
            return;
        }
        match self.untold {
            0 => warn!("{text}"),
            untold => warn!("{text} (and {untold} more before)"),
        }
        *self = Self { told: Some(Instant::now()), untold: 0 };
    }
}
