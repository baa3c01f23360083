// SPDX-License-Identifier: GPL-3.0-or-later
//! Handles the events of the MQTT connection.

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use lamp::set_config::SetConfig;
use lamp::state::LampState;
use lamp::topic;
use log::warn;
use mqtt_client::session::{Event, Publisher, Unsent};
use mqtt_client::{Message, QoS};
use runtime::Waker;
use runtime::logging::RateLimitedLog;

use crate::home_assistant::{self, Call, Discovery};
use crate::leds::Leds;
use crate::state_file::Kept;

/// The lamp's state, shared by the thread that changes it and the thread that stores it.
pub(crate) struct Service {
    inner: Mutex<Inner>,
    leds: Arc<Leds>,
    /// Woken when [`Service::newest`] changes.
    changed: Waker,
    publisher: OnceLock<Publisher>,
}

struct Inner {
    newest: Kept,
    /// Whether the connection has accepted the newest state.
    published: bool,
    connected: bool,
    refused: RateLimitedLog,
    discovery: Option<Discovery>,
    /// Whether Home Assistant may have a description of another kind of light under this topic, from an older
    /// version. It must be deleted first.
    is_new: bool,
    /// Topics of descriptions to delete.
    outdated: Vec<String>,
}

/// The descriptions for Home Assistant.
#[derive(Debug, Default)]
pub(crate) struct Description {
    /// The current description, if any.
    pub discovery: Option<Discovery>,
    /// Whether the topic is used for the first time.
    pub is_new: bool,
    /// Topics that are no longer used.
    pub outdated: Vec<String>,
}

impl Service {
    /// Creates a service with a state that `leds` already show.
    pub(crate) fn new(newest: Kept, leds: Arc<Leds>, changed: Waker, description: Description) -> Self {
        let Description { discovery, is_new, outdated } = description;
        let inner = Inner {
            newest,
            published: true,
            connected: false,
            refused: RateLimitedLog::default(),
            discovery,
            is_new,
            outdated,
        };
        Self { inner: Mutex::new(inner), leds, changed, publisher: OnceLock::new() }
    }

    /// Sets the publisher; until then [`Service::on_event`] waits.
    pub(crate) fn publish_by(&self, publisher: Publisher) {
        // main calls this once.
        let _ = self.publisher.set(publisher);
    }

    /// Adopts a state found after the start, before any request. The session publishes it.
    pub(crate) fn adopt(&self, state: LampState) {
        let mut inner = self.lock();
        self.leds.show(state.duty_cycles(), None);
        inner.newest.state = state;
    }

    /// Wakes the thread that stores the state, after each change.
    pub(crate) fn changed(&self) -> &Waker {
        &self.changed
    }

    /// The newest state, and whether [`Service::publish_again`] must still publish it.
    pub(crate) fn newest(&self) -> (Kept, bool) {
        let inner = self.lock();
        (inner.newest.clone(), inner.connected && !inner.published)
    }

    /// Topics where the broker may retain a description of the lamp.
    pub(crate) fn described(&self) -> Vec<String> {
        let inner = self.lock();
        inner.outdated.iter().cloned().chain(inner.discovery.as_ref().map(Discovery::config_topic)).collect()
    }

    /// Publishes the newest state if the connection had no room for it.
    pub(crate) fn publish_again(&self) {
        let mut inner = self.lock();
        if inner.connected && !inner.published {
            self.publish(&mut inner);
        }
    }

    /// Sets the description for Home Assistant, or removes it.
    pub(crate) fn describe_by(&self, Description { discovery, is_new, outdated }: Description) {
        let mut inner = self.lock();
        if discovery != inner.discovery {
            inner.discovery = discovery;
            inner.is_new = is_new;
            inner.outdated = outdated;
            if inner.connected {
                inner.published &= self.publish_to_home_assistant(&inner).is_ok();
                self.describe(&mut inner);
            }
        }
    }

    /// Reconnects with another user name or password.
    pub(crate) fn log_in_again(&self) {
        // Without a connection, the first attempt uses it.
        if let Some(publisher) = self.publisher.get() {
            publisher.log_in_again();
        }
    }

    /// Handles an event of the connection.
    pub(crate) fn on_event(&self, event: Event) {
        let mut inner = self.lock();
        match event {
            Event::Connected => {
                inner.connected = true;
                self.publish(&mut inner);
                self.describe(&mut inner);
                self.changed.wake();
            }
            Event::Lost => inner.connected = false,
            Event::Message(message) => self.take_message(&mut inner, &message),
        }
    }

    fn take_message(&self, inner: &mut Inner, Message { topic, payload, retained }: &Message) {
        let Inner { discovery, outdated, .. } = &mut *inner;
        let is_call = topic == home_assistant::SET && discovery.is_some();
        if discovery.as_ref().is_some_and(|discovery| discovery.birth_topic() == *topic) {
            // Home Assistant has started and may have forgotten the lamp.
            if payload == b"online" {
                self.describe(inner);
            }
        } else if outdated.contains(topic) {
            // The broker has deleted it.
            if payload.is_empty() && !retained {
                outdated.retain(|outdated| outdated != topic);
                self.changed.wake();
            }
        } else if (is_call || topic == topic::SET_CONFIG) && *retained {
            // A mistake: at each start it would override later requests.
            inner
                .refused
                .warn(&format!("ignored a retained message on {topic}; requests must not be retained"));
        } else if is_call {
            let call = Call::parse(payload);
            self.take(inner, topic, call, |call, Kept { state, exact }| {
                let transition = call.transition;
                call.apply_to(state, exact);
                transition
            });
        } else if topic == topic::SET_CONFIG {
            let request = SetConfig::parse(payload);
            self.take(inner, topic, request, |request, Kept { state, .. }| {
                request.apply_to(state);
                None
            });
        }
    }

    /// Applies a request with `apply`, which returns its transition if not the configured one.
    fn take<T, E: Display>(
        &self,
        inner: &mut Inner,
        topic: &str,
        request: Result<T, E>,
        apply: impl FnOnce(T, &mut Kept) -> Option<Duration>,
    ) {
        match request {
            Ok(request) => {
                let transition = apply(request, &mut inner.newest);
                self.leds.show(inner.newest.state.duty_cycles(), transition);
                self.publish(inner);
                self.changed.wake();
            }
            Err(error) => inner.refused.warn(&format!("rejected a message on {topic}: {error}")),
        }
    }

    /// Publishes the state. This holds the lock, so that an older state never follows a newer one.
    ///
    /// It also publishes an unchanged state: every requesting client waits for it, and clients may count the
    /// answers.
    fn publish(&self, inner: &mut Inner) {
        let state = inner.newest.state.to_json();
        let sent = self
            .publisher
            .wait()
            .publish(topic::CHANGED, QoS::AtLeastOnce, true, state)
            .and_then(|()| self.publish_to_home_assistant(inner));
        inner.published = sent.is_ok();
    }

    /// Publishes the state for Home Assistant, if used.
    fn publish_to_home_assistant(&self, inner: &Inner) -> Result<(), Unsent> {
        if inner.discovery.is_none() {
            return Ok(());
        }
        let Kept { state, exact } = &inner.newest;
        self.publisher.wait().publish(home_assistant::STATE, QoS::AtLeastOnce, true, exact.state(state))
    }

    /// Publishes new descriptions for Home Assistant and deletes old ones.
    fn describe(&self, inner: &mut Inner) {
        if let Err(Unsent) = self.try_to_describe(inner) {
            warn!("cannot publish the description for Home Assistant; retrying at the next connection");
        }
    }

    fn try_to_describe(&self, inner: &mut Inner) -> Result<(), Unsent> {
        let publisher = self.publisher.wait();
        let retain = |topic: &str, payload: String| publisher.publish(topic, QoS::AtLeastOnce, true, payload);
        for topic in &inner.outdated {
            // The subscription reports when the broker has deleted it.
            publisher.subscribe(topic, QoS::AtLeastOnce)?;
            retain(topic, String::new())?;
        }
        let Some(discovery) = &inner.discovery else {
            if !inner.outdated.is_empty() {
                retain(home_assistant::STATE, String::new())?;
            }
            return Ok(());
        };
        publisher.subscribe(home_assistant::SET, QoS::AtLeastOnce)?;
        publisher.subscribe(&discovery.birth_topic(), QoS::AtLeastOnce)?;
        if inner.is_new {
            retain(&discovery.config_topic(), String::new())?;
        }
        retain(&discovery.config_topic(), discovery.config())?;
        inner.is_new = false;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder panics")
    }
}
