// SPDX-License-Identifier: GPL-3.0-or-later
//! The MQTT broker: whether it accepts the lamp's programs, and whether it has a retained request, which
//! nobody should send.

use std::time::Duration;

use anyhow::bail;
use lamp::topic;
use mqtt_client::{Connection, Login, QoS};
use runtime::address::Address;

use super::fix::{Action, Command, Fix, Setting, Tool};
use super::lamp::Lamp;
use super::report::Report;
use super::system::System;
use programs::lamp_service::installed;
use programs::lamp_service::settings::Peer;
use programs::login::LoginArgs;
use runtime::quoting::{quoted, visible};

/// A retained topic of every mosquitto. When it arrives, all retained requests have arrived.
const LAST: &str = "$SYS/broker/version";

/// How long the broker may take for all responses.
const PATIENCE: Duration = Duration::from_secs(4);

/// The configuration that mosquitto 2 needs once it has a listener of its own or requires passwords. Allowing
/// everybody instead would undo what its owner has configured.
fn how_to_allow_the_lamp(settings: &str) -> String {
    format!(
        "Set a user of the broker in {}: `username = NAME` and `password-file = FILE`; or allow connections \
         from the lamp itself without a password: in /etc/mosquitto/conf.d write `per_listener_settings \
         true`, then `listener 1883 localhost` with `allow_anonymous true` below it, and give every other \
         listener another port and its own `password_file`",
        quoted(settings)
    )
}

/// Checks the broker.
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
    let login = match login(&address, system) {
        Ok(login) => login,
        Err(error) => return without_login(lamp, &error, report),
    };
    match retained_request(&address, login.as_ref()) {
        Ok(None) => {
            let slow = is_local && !has_nodelay(system);
            let hint = if slow {
                "; the line `set_tcp_nodelay true` in its configuration makes it respond faster"
            } else {
                ""
            };
            report.ok(format!("the MQTT broker at {address} accepts clients{hint}"));
        }
        Ok(Some(payload)) => report.warning(
            format!(
                "the broker has a retained request (`{payload}`), which lamp_service ignores but other \
                 programs may obey; its sender must not set the retain flag"
            ),
            Action::DeleteRequest(address),
        ),
        Err(error) => {
            let text =
                format!("cannot connect to the MQTT broker at {}: {error}", quoted(&address.to_string()));
            if let mqtt_client::Error::NotAuthorized(said) = &error {
                report.problem(text, authorize(lamp, said.as_ref(), &address, is_local));
            } else if !is_local {
                let editor = Command::of_root(format!("editor {}", quoted(lamp.service.file())));
                report.problem(
                    text,
                    Fix::by_command("Start that broker, or set the address of another one", editor),
                );
            } else if is_installed(system, report) {
                report.problem(text, Action::Run(Tool::RestartService("mosquitto")));
            }
        }
    }
}

/// Reports a setting that is not an address.
pub(super) fn misnamed(lamp: &Lamp, setting: &'static str, error: &installed::Unknown, report: &mut Report) {
    let file = lamp.service.file();
    let is_in_file = lamp.service.setting(setting).is_some_and(|(said_in, _)| said_in == file);
    let fix = if is_in_file {
        let remove = Action::EditSettings { file: file.to_owned(), change: Setting::Remove(setting) };
        Fix::from(remove).then(lamp.restart("lamp_service"))
    } else {
        // In the command or its environment.
        Fix::from(Action::BringBack("lamp_service")).then(lamp.update("lamp_service"))
    };
    report.problem(visible(&format!("{error:#}")), fix);
}

/// The login of `lamp_service` at the broker.
fn login(address: &Address, system: &System) -> Result<Option<Login>, installed::Unknown> {
    installed::login(address, &LoginArgs::default(), |_| None, system.root())
}

/// Whether the lamp's settings have no login for the broker.
pub(super) fn is_anonymous(address: &Address, system: &System) -> bool {
    login(address, system).is_ok_and(|login| login.is_none())
}

/// Reports a user name or a password that the lamp's programs cannot use.
fn without_login(lamp: &Lamp, error: &installed::Unknown, report: &mut Report) {
    match error {
        installed::Unknown::NotYours(_) => {
            report.needs_root("the broker, because the lamp's password for it is secret");
        }
        installed::Unknown::Password(unusable) => {
            let (purpose, command) = unusable.fix();
            let purpose = purpose[..1].to_uppercase() + &purpose[1..];
            report.problem(
                format!("lamp_service and lamp_ui cannot log in to the broker: {}", unusable.what()),
                Fix::by_command(purpose, Command::of_root(command)),
            );
        }
        _ => {
            let editor = Command::of_root(format!("editor {}", quoted(lamp.service.file())));
            report.problem(
                visible(&error.to_string()),
                Fix::by_command("Set both username and password-file, or neither", editor)
                    .then(lamp.restart("lamp_service")),
            );
        }
    }
}

/// The fix for a broker that rejects the lamp with the login `used`.
fn authorize(lamp: &Lamp, used: Option<&Login>, address: &Address, is_local: bool) -> Fix {
    let settings = lamp.service.file();
    let Some(Login { username, password }) = used else {
        return Fix::by_hand(how_to_allow_the_lamp(settings));
    };
    let name = quoted(username);
    let Some(password) = password else {
        return Fix::by_hand(format!(
            "Write the password of {name} to a file of the lamp's user with mode 0600, and set \
             `password-file = FILE` in {}",
            quoted(settings)
        ));
    };
    let file = quoted(&password.file.to_string_lossy());
    let broker = if is_local {
        "with mosquitto_passwd, in mosquitto's `password_file`".to_owned()
    } else {
        format!("at the broker {}", quoted(&address.to_string()))
    };
    Fix::by_hand(format!(
        "Write the password of {name} at the broker to {file}, or set the password in that file for {name} \
         {broker}; {} sets the name as `username`",
        quoted(settings)
    ))
}

fn is_installed(system: &System, report: &mut Report) -> bool {
    let is_there = system.exists("/usr/sbin/mosquitto") || system.exists("/usr/local/sbin/mosquitto");
    if is_there {
        return true;
    }
    report.problem("the MQTT broker mosquitto is not installed", Action::Run(Tool::Install("mosquitto")));
    false
}

fn has_nodelay(system: &System) -> bool {
    let directory = "/etc/mosquitto/conf.d";
    let files = system.list(directory).into_iter().map(|name| format!("{directory}/{name}"));
    files.chain(["/etc/mosquitto/mosquitto.conf".to_owned()]).any(|path| {
        let text = system.text(path).unwrap_or_default();
        text.lines().any(|line| line.split_whitespace().eq(["set_tcp_nodelay", "true"]))
    })
}

/// The retained request, if there is one.
fn retained_request(address: &Address, login: Option<&Login>) -> Result<Option<String>, mqtt_client::Error> {
    let mut connection = connect(address, login)?;
    // One after the other, because the broker responds in order.
    connection.subscribe(&[topic::SET_CONFIG], QoS::AtMostOnce)?;
    connection.subscribe(&[LAST], QoS::AtMostOnce)?;
    let retained = connection
        .received()
        .filter(|message| {
            message.topic == topic::SET_CONFIG && message.retained && !message.payload.is_empty()
        })
        .last();
    connection.close();
    Ok(retained.map(|message| String::from_utf8_lossy(&message.payload).chars().take(100).collect()))
}

/// Deletes the retained request.
pub(super) fn delete_request(address: &Address, system: &System) -> anyhow::Result<()> {
    let login = login(address, system)?;
    let delete = || {
        let mut connection = connect(address, login.as_ref())?;
        connection.publish(topic::SET_CONFIG, true, "")?;
        connection.close();
        Ok(())
    };
    match delete() {
        Err(mqtt_client::Error::NoAnswer) => bail!("the broker does not respond"),
        result => Ok(result?),
    }
}

fn connect(address: &Address, login: Option<&Login>) -> Result<Connection, mqtt_client::Error> {
    Connection::open(address, login, &format!("lampi_doctor_{}", std::process::id()), PATIENCE)
}
