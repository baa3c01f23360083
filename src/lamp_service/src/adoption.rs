// SPDX-License-Identifier: GPL-3.0-or-later
//! The first state of a lamp without a state file: the state that the broker retains from an earlier
//! `lamp_service`, such as that of a manual set-up.
//!
//! While this module waits for the broker, the lamp already shines in its default colour. The session with
//! the broker starts afterwards because it overwrites the retained state.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lamp::state::LampState;
use lamp::topic;
use log::info;
use mqtt_client::{Connection, Error, FailureLog, Login, QoS};
use runtime::address::Address;
use runtime::backoff::Backoff;

use crate::NAME;

/// The maximum time for the broker's answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The time between the answer to the subscription and a retained message. mosquitto sends both at once.
const GRACE: Duration = Duration::from_millis(100);

/// Whether the search for the first state is running. Until it ends, the state is not saved.
#[derive(Debug, Clone, Default)]
pub(crate) struct Adoption(Arc<AtomicBool>);

impl Adoption {
    /// A running search.
    pub(crate) fn begun() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    pub(crate) fn goes_on(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Ends it.
    pub(crate) fn end(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Waits for the broker and returns the state that it retains, if any. Other failures are not retried: the
/// session must start.
pub(crate) fn retained_state(
    broker: &Address,
    login: impl Fn() -> Result<Option<Login>, String>,
) -> Option<LampState> {
    // Not the session's client ID: this would disconnect an old lamp_service that still runs, and it would
    // reconnect.
    let client_id = format!("{NAME}_first_{}", std::process::id());
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
    let mut failures = FailureLog::default();
    loop {
        let open = || {
            let login = login().map_err(Error::NoLogin)?;
            Connection::open(broker, login.as_ref(), &client_id, PATIENCE)
        };
        match open() {
            Ok(connection) => return read(&ask(connection).ok()??),
            Err(Error::Refused(_)) => return None,
            Err(error) => {
                failures.failed(broker, &error);
                std::thread::sleep(backoff.wait());
            }
        }
    }
}

fn ask(mut connection: Connection) -> Result<Option<Vec<u8>>, Error> {
    connection.subscribe(&[topic::CHANGED], QoS::AtLeastOnce)?;
    connection.set_patience(GRACE);
    let payload = match connection.next_message() {
        Ok(message) => Some(message.payload),
        Err(Error::NoAnswer) => None,
        Err(error) => return Err(error),
    };
    connection.close();
    Ok(payload)
}

fn read(payload: &[u8]) -> Option<LampState> {
    match LampState::from_json(payload) {
        Ok(state) => {
            info!("adopted the state that the broker retained on {}", topic::CHANGED);
            Some(state)
        }
        Err(error) => {
            info!("ignored the retained message on {}: {error}", topic::CHANGED);
            None
        }
    }
}
