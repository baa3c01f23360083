// SPDX-License-Identifier: GPL-3.0-or-later
//! The first state of a lamp that has no state file yet: the one that the broker still keeps of the `lamp_service` before, such
//! as that of a set-up made by hand.
//!
//! The lamp shines already, as a new one, while this waits for the broker. The session with the broker begins afterwards, for it
//! publishes the lamp's own state in place of the retained one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lamp::state::LampState;
use lamp::topic;
use log::{info, warn};
use mqtt_client::{Connection, Error, Login, QoS};
use runtime::address::Address;
use runtime::backoff::Backoff;

use crate::NAME;

/// How long the broker may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long after its answer to the subscription a retained message may still come. mosquitto sends both at once.
const GRACE: Duration = Duration::from_millis(100);

/// Whether the first state is still looked for. Until it is found, what the lamp shows is not worth to be kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Adoption(Arc<AtomicBool>);

impl Adoption {
    /// One that has begun.
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

/// Waits for the broker, and returns the state that it keeps, if it keeps one. What else goes wrong, goes wrong once: the
/// session has to begin.
pub(crate) fn retained_state(
    broker: &Address,
    login: impl Fn() -> Result<Option<Login>, String>,
) -> Option<LampState> {
    // Not under the name of the session: an old lamp_service that still runs would be thrown out by it, and come back.
    let client_id = format!("{NAME}_first_{}", std::process::id());
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
    let mut is_logged = false;
    let mut refusal = None;
    loop {
        let open = || {
            let login = login().map_err(Error::NoLogin)?;
            Connection::open(broker, login.as_ref(), &client_id, PATIENCE)
        };
        match open() {
            Ok(connection) => return read(&ask(connection).ok()??),
            Err(Error::Refused(_)) => return None,
            Err(error) => {
                // A wrong password must not be hidden by a broker that was not there before it.
                let is_refusal = matches!(error, Error::NotAuthorized(_) | Error::NoLogin(_));
                let reason = error.to_string();
                if !is_logged || (is_refusal && refusal.as_ref() != Some(&reason)) {
                    warn!("MQTT broker {broker}: {reason}; trying again");
                    is_logged = true;
                }
                if is_refusal {
                    refusal = Some(reason);
                }
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
            info!("the state is taken from {}, as the broker kept it", topic::CHANGED);
            Some(state)
        }
        Err(error) => {
            info!("what the broker keeps on {} is no state of a lamp: {error}", topic::CHANGED);
            None
        }
    }
}
