// SPDX-License-Identifier: GPL-3.0-or-later
//! What `lamp_service` does with each event of the MQTT connection.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use lamp::set_config::SetConfig;
use lamp::state::LampState;
use lamp::topic;
use log::{info, warn};
use mqtt_client::session::{Event, Publisher};
use mqtt_client::{Message, QoS};
use runtime::Waker;
use runtime::logging::RateLimitedLog;

use crate::home_assistant::Discovery;
use crate::leds::Leds;

/// The lamp's state, shared by the thread that changes it and the one that keeps it in a file.
pub(crate) struct Service {
    inner: Mutex<Inner>,
    leds: Arc<Leds>,
    /// Called when there is something new in [`Service::newest`].
    changed: Waker,
    publisher: OnceLock<Publisher>,
}

struct Inner {
    state: LampState,
    /// The connection has taken the newest state.
    published: bool,
    connected: bool,
    refused: RateLimitedLog,
    discovery: Option<Discovery>,
    /// A description that Home Assistant has to forget.
    retired: Option<Discovery>,
}

impl Service {
    /// A service with `state`, which `leds` already show.
    pub(crate) fn new(
        state: LampState,
        leds: Arc<Leds>,
        changed: Waker,
        discovery: Option<Discovery>,
    ) -> Self {
        let inner = Inner {
            state,
            published: true,
            connected: false,
            refused: RateLimitedLog::default(),
            discovery,
            retired: None,
        };
        Self { inner: Mutex::new(inner), leds, changed, publisher: OnceLock::new() }
    }

    /// Says how to publish; until then [`Service::on_event`] waits.
    pub(crate) fn publish_by(&self, publisher: Publisher) {
        // Called once, by main.
        let _ = self.publisher.set(publisher);
    }

    /// Takes a state that was found after the start, before there was any request. Published it will be by the session.
    pub(crate) fn adopt(&self, state: LampState) {
        let mut inner = self.lock();
        self.leds.show(state.duty_cycles());
        inner.state = state;
    }

    /// Wakes the thread that keeps the state in its file, after each change.
    pub(crate) fn changed(&self) -> &Waker {
        &self.changed
    }

    /// The newest state, and whether it still has to be published by [`Service::publish_again`].
    pub(crate) fn newest(&self) -> (LampState, bool) {
        let inner = self.lock();
        (inner.state.clone(), inner.connected && !inner.published)
    }

    /// Publishes the newest state if the connection had no room for it before.
    pub(crate) fn publish_again(&self) {
        let mut inner = self.lock();
        if inner.connected && !inner.published {
            self.publish(&mut inner);
        }
    }

    /// Describes the lamp to Home Assistant so from now on, or not at all.
    pub(crate) fn describe_by(&self, discovery: Option<Discovery>) {
        let mut inner = self.lock();
        if discovery != inner.discovery {
            inner.retired = std::mem::replace(&mut inner.discovery, discovery);
            if inner.connected {
                self.describe(&mut inner);
            }
        }
    }

    /// Has the connection follow another user name or password.
    pub(crate) fn log_in_again(&self) {
        // Before there is a connection, its first attempt does.
        if let Some(publisher) = self.publisher.get() {
            publisher.log_in_again();
        }
    }

    /// Takes an event of the connection.
    pub(crate) fn on_event(&self, event: Event) {
        let mut inner = self.lock();
        match event {
            Event::Connected => {
                info!("connected to the MQTT broker");
                inner.connected = true;
                self.publish(&mut inner);
                self.describe(&mut inner);
                self.changed.wake();
            }
            Event::Lost(reason) => {
                warn!("{reason}; trying again");
                inner.connected = false;
            }
            Event::Message(Message { topic, payload, retained }) => {
                match inner.discovery.as_ref().is_some_and(|discovery| discovery.birth_topic() == topic) {
                    // Home Assistant has started, and may have forgotten the lamp.
                    true if payload == b"online" => self.describe(&mut inner),
                    true => {}
                    // Somebody's mistake: at each start it would override what the lamp was asked for later.
                    false if retained => inner.refused.warn(&format!(
                        "ignored a retained message on {topic}; requests must not be retained"
                    )),
                    false => self.take(&mut inner, &topic, &payload),
                }
            }
        }
    }

    /// Takes a request for a change.
    fn take(&self, inner: &mut Inner, topic: &str, payload: &[u8]) {
        match SetConfig::parse(payload) {
            Ok(request) => {
                request.apply_to(&mut inner.state);
                self.leds.show(inner.state.duty_cycles());
                self.publish(inner);
                self.changed.wake();
            }
            Err(error) => inner.refused.warn(&format!("refused a message on {topic}: {error}")),
        }
    }

    /// Tells the state. Under the lock, so that an older state never follows a newer one.
    fn publish(&self, inner: &mut Inner) {
        let publisher = self.publisher.wait();
        let sent = publisher.publish(topic::CHANGED, QoS::AtLeastOnce, true, inner.state.to_json());
        inner.published = sent.is_ok();
    }

    /// Tells Home Assistant what to know and what to forget.
    fn describe(&self, inner: &mut Inner) {
        let publisher = self.publisher.wait();
        let mut sent = Ok(());
        if let Some(retired) = inner.retired.take() {
            sent = publisher.publish(&retired.config_topic(), QoS::AtLeastOnce, true, "");
        }
        if let Some(discovery) = &inner.discovery {
            sent = sent
                .and_then(|()| publisher.subscribe(&discovery.birth_topic(), QoS::AtLeastOnce))
                .and_then(|()| {
                    publisher.publish(&discovery.config_topic(), QoS::AtLeastOnce, true, discovery.config())
                });
        }
        if sent.is_err() {
            warn!("Home Assistant could not be told about the lamp; it will be at the next connection");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder panics")
    }
}
