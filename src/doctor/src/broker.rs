// SPDX-License-Identifier: GPL-3.0-or-later
//! The MQTT broker: whether it takes clients, and whether it keeps a request that should never be kept.

use std::time::Duration;

use anyhow::bail;
use lamp::topic;
use mqtt_client::{Connection, QoS};
use runtime::address::Address;

use super::fix::{Action, Command, Fix, Setting, Tool};
use super::lamp::Lamp;
use super::report::Report;
use super::system::System;
use programs::lamp_service::installed;
use programs::lamp_service::settings::Peer;
use runtime::quoting::{quoted, visible};

/// A topic that is kept on every mosquitto. By its turn all kept requests have come.
const LAST: &str = "$SYS/broker/version";

/// How long the broker may take for all answers.
const PATIENCE: Duration = Duration::from_secs(4);

/// What mosquitto 2 needs as soon as it has a listener of its own, or asks for passwords. To let everybody in instead would
/// open what its owner has closed.
const LET_THE_LAMP_IN: &str = "The lamp's programs give no password. Let them in on the lamp itself, and keep the rest as it \
    is: in /etc/mosquitto/conf.d write `per_listener_settings true`, then `listener 1883 localhost` with `allow_anonymous \
    true` below it, and give every other listener a port of its own and its own `password_file`";

/// Looks at the broker.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let system = &lamp.system;
    let address = match installed::address(Peer::Broker, None, system.root()) {
        Ok(address) => address,
        Err(error) => return misnamed(lamp, "broker", &error, report),
    };
    let is_local = ["localhost", "127.0.0.1", "::1"].contains(&address.host.as_str());
    if !system.runs {
        if is_local {
            is_installed(system, report);
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
        Ok(Some(payload)) => report.warning(
            format!(
                "the broker keeps a request (`{payload}`), which lamp_service ignores and other programs may follow; \
                 its sender must not set retain"
            ),
            Action::ForgetRequest(address),
        ),
        Err(error) => {
            let text = format!("the MQTT broker at {} does not take clients: {error}", quoted(&address.to_string()));
            if !is_local {
                let editor = Command::of_root(format!("editor {}", quoted(lamp.service.file())));
                report.problem(text, Fix::by_command("Start that broker, or name another one", editor));
            } else if matches!(error, mqtt_client::Error::Refused(_)) {
                report.problem(text, Fix::by_hand(LET_THE_LAMP_IN));
            } else if is_installed(system, report) {
                report.problem(text, Action::Run(Tool::RestartService("mosquitto")));
            }
        }
    }
}

/// A setting that is no address.
pub(super) fn misnamed(lamp: &Lamp, setting: &'static str, error: &installed::Unknown, report: &mut Report) {
    let file = lamp.service.file();
    let is_in_file = lamp.service.setting(setting).is_some_and(|(said_in, _)| said_in == file);
    let fix = if is_in_file {
        let remove = Action::EditSettings { file: file.to_owned(), change: Setting::Remove(setting) };
        Fix::from(remove).then(lamp.restart("lamp_service"))
    } else {
        // In the call or its environment.
        Fix::from(Action::BringBack("lamp_service")).then(lamp.update("lamp_service"))
    };
    report.problem(visible(&format!("{error:#}")), fix);
}

fn is_installed(system: &System, report: &mut Report) -> bool {
    let is_there = system.exists("/usr/sbin/mosquitto") || system.exists("/usr/local/sbin/mosquitto");
    if is_there {
        return true;
    }
    report.problem("mosquitto, the MQTT broker, is not installed", Action::Run(Tool::Install("mosquitto")));
    false
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
fn kept_request(address: &Address) -> Result<Option<String>, mqtt_client::Error> {
    let mut connection = connect(address)?;
    // One after the other: the broker answers in order.
    connection.subscribe(&[topic::SET_CONFIG], QoS::AtMostOnce)?;
    connection.subscribe(&[LAST], QoS::AtMostOnce)?;
    let kept = connection
        .received()
        .filter(|message| {
            message.topic == topic::SET_CONFIG && message.retained && !message.payload.is_empty()
        })
        .last();
    connection.close();
    Ok(kept.map(|message| String::from_utf8_lossy(&message.payload).chars().take(100).collect()))
}

/// Has the broker forget the request that it keeps.
pub(super) fn forget(address: &Address) -> anyhow::Result<()> {
    let forget = || {
        let mut connection = connect(address)?;
        connection.publish(topic::SET_CONFIG, true, "")?;
        connection.close();
        Ok(())
    };
    match forget() {
        Err(mqtt_client::Error::NoAnswer) => bail!("the broker does not answer"),
        result => Ok(result?),
    }
}

fn connect(address: &Address) -> Result<Connection, mqtt_client::Error> {
    Connection::open(address, &format!("lampi_doctor_{}", std::process::id()), PATIENCE)
}
