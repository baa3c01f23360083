// SPDX-License-Identifier: GPL-3.0-or-later
//! The MQTT broker: whether it takes clients, and whether it keeps a request that should never be kept.

use std::time::{Duration, Instant};

use anyhow::bail;
use lamp::topic;
use program::address::Address;
use rumqttc::{Client, ConnectionError, Event, MqttOptions, Packet, QoS};

use super::cure::{Cure, quoted};
use super::lamp::{Lamp, SETTINGS};
use super::report::Report;
use super::system::System;
use crate::peers::Peer;

/// A topic that is kept on every mosquitto. By its turn all kept requests have come.
const LAST: &str = "$SYS/broker/version";

/// Less than rumqttc's own, which knows no better words for it.
const PATIENCE: Duration = Duration::from_secs(4);

/// Looks at the broker.
pub fn check(lamp: &Lamp, report: &mut Report<'_>) {
    let system = &lamp.system;
    let address = match Peer::Broker.address(None, system.root()) {
        Ok(address) => address,
        Err(error) => return misnamed(lamp, "broker", &error, report),
    };
    let is_local = ["localhost", "127.0.0.1", "::1"].contains(&address.host.as_str());
    if !system.runs {
        if is_local {
            installed(system, report);
        }
        return;
    }
    match kept_request(&address) {
        Ok(None) => {
            let slow = is_local && !has_nodelay(system);
            let hint = if slow {
                "; the line `set_tcp_nodelay true` in its configuration makes it answer faster"
            } else {
                ""
            };
            report.ok(format!("the MQTT broker at {address} takes clients{hint}"));
        }
        Ok(Some(payload)) => {
            let host = quoted(&address.host);
            report.problem(
                format!(
                    "the broker keeps a request (`{payload}`), which overrides the lamp's state at each start; its sender must \
                     not set retain"
                ),
                &clients(system).and(Cure::anybody(format!(
                    "mosquitto_pub -h {host} -p {} -r -n -t {}",
                    address.port,
                    topic::SET_CONFIG
                ))),
            );
        }
        Err(error) => {
            let text = format!("the MQTT broker at {address} does not take clients: {error}");
            let refused = error.downcast_ref::<ConnectionError>();
            if !is_local {
                report.problem(text, &Cure::root(format!("editor {SETTINGS}")));
            } else if matches!(refused, Some(ConnectionError::ConnectionRefused(_))) {
                // mosquitto 2 does so as soon as it has a listener of its own.
                let line = "echo allow_anonymous true >/etc/mosquitto/conf.d/lampi_anonymous.conf";
                report.problem(
                    text,
                    &Cure::root(format!("sh -c {}", quoted(line)))
                        .and(Cure::root("service mosquitto restart")),
                );
            } else if installed(system, report) {
                report.problem(text, &Cure::root("service mosquitto restart"));
            }
        }
    }
}

/// A setting that is no address.
pub fn misnamed(lamp: &Lamp, setting: &str, error: &anyhow::Error, report: &mut Report<'_>) {
    // In the call it counts more than in the file.
    let in_call = lamp.path_option("lamp_service", setting).is_some();
    let cure = if in_call {
        let conf = Lamp::conf("lamp_service");
        Cure::root(format!("mv --backup=numbered {conf} {conf}.dpkg-bak"))
            .and(Cure::root("lampi enable lamp_service"))
    } else {
        Cure::root(format!("sed -i '/^ *{setting} *=/d' {SETTINGS}")).and_maybe(lamp.restart("lamp_service"))
    };
    report.problem(format!("{error:#}"), &cure);
}

fn installed(system: &System, report: &mut Report<'_>) -> bool {
    let is_there = system.exists("/usr/sbin/mosquitto") || system.exists("/usr/local/sbin/mosquitto");
    if is_there {
        return true;
    }
    report.problem("mosquitto, the MQTT broker, is not installed", &Cure::root("apt-get install mosquitto"));
    false
}

/// Brings mosquitto's clients, where they are missing.
fn clients(system: &System) -> Cure {
    if system.exists("/usr/bin/mosquitto_pub") {
        Cure::default()
    } else {
        Cure::root("apt-get install mosquitto-clients")
    }
}

fn has_nodelay(system: &System) -> bool {
    let folder = "/etc/mosquitto/conf.d";
    let files = system.list(folder).into_iter().map(|name| format!("{folder}/{name}"));
    files.chain(["/etc/mosquitto/mosquitto.conf".to_owned()]).any(|path| {
        let text = system.text(path).unwrap_or_default();
        text.lines().any(|line| line.split_whitespace().eq(["set_tcp_nodelay", "true"]))
    })
}

/// The request that the broker keeps, if there is one.
fn kept_request(address: &Address) -> anyhow::Result<Option<String>> {
    let name = format!("lampi_doctor_{}", std::process::id());
    let (client, mut connection) =
        Client::new(MqttOptions::new(name, address.bracketed_host(), address.port), 10);
    let deadline = Instant::now() + PATIENCE;
    let mut kept = None;
    let mut confirmed = 0;
    loop {
        match connection.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Ok(Event::Incoming(Packet::ConnAck(_)))) => {
                // One after the other: the broker answers in order.
                client.try_subscribe(topic::SET_CONFIG, QoS::AtMostOnce)?;
                client.try_subscribe(LAST, QoS::AtMostOnce)?;
            }
            Ok(Ok(Event::Incoming(Packet::Publish(message)))) if message.topic == topic::SET_CONFIG => {
                if message.retain && !message.payload.is_empty() {
                    kept = Some(String::from_utf8_lossy(&message.payload).chars().take(100).collect());
                }
            }
            Ok(Ok(Event::Incoming(Packet::SubAck(_)))) => {
                confirmed += 1;
                if confirmed == 2 {
                    // The end of the process ends the connection if this does not.
                    let _ = client.try_disconnect();
                    return Ok(kept);
                }
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => bail!("it does not answer"),
        }
    }
}
