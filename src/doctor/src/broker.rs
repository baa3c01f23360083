// SPDX-License-Identifier: GPL-3.0-or-later
//! The MQTT broker: whether it takes clients, and whether it keeps a request that should never be kept.

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

/// A topic that is kept on every mosquitto. By its turn all kept requests have come.
const LAST: &str = "$SYS/broker/version";

/// How long the broker may take for all answers.
const PATIENCE: Duration = Duration::from_secs(4);

/// What mosquitto 2 needs as soon as it has a listener of its own, or asks for passwords. To let everybody in instead would
/// open what its owner has closed.
fn let_the_lamp_in(settings: &str) -> String {
    format!(
        "Name a user of the broker by lines `username = NAME` and `password-file = FILE` in {}; or let the lamp's programs in \
         without a password on the lamp itself, and keep the rest as it is: in /etc/mosquitto/conf.d write \
         `per_listener_settings true`, then `listener 1883 localhost` with `allow_anonymous true` below it, and give every \
         other listener a port of its own and its own `password_file`",
        quoted(settings)
    )
}

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
    let login = match login(&address, system) {
        Ok(login) => login,
        Err(error) => return without_login(lamp, &error, report),
    };
    match kept_request(&address, login.as_ref()) {
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
            if let mqtt_client::Error::NotAuthorized(said) = &error {
                report.problem(text, authorize(lamp, said.as_ref(), &address, is_local));
            } else if !is_local {
                let editor = Command::of_root(format!("editor {}", quoted(lamp.service.file())));
                report.problem(text, Fix::by_command("Start that broker, or name another one", editor));
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

/// Who `lamp_service` is to the broker.
fn login(address: &Address, system: &System) -> Result<Option<Login>, installed::Unknown> {
    installed::login(address, &LoginArgs::default(), |_| None, system.root())
}

/// Whether clients need no password there, as far as the lamp's settings say.
pub(super) fn is_anonymous(address: &Address, system: &System) -> bool {
    login(address, system).is_ok_and(|login| login.is_none())
}

/// A user name or a password that the lamp's programs cannot use.
fn without_login(lamp: &Lamp, error: &installed::Unknown, report: &mut Report) {
    match error {
        installed::Unknown::NotYours(_) => report.needs_root("the broker, which the lamp gives a password"),
        installed::Unknown::Password(unusable) => {
            let (purpose, command) = unusable.fix();
            let purpose = purpose[..1].to_uppercase() + &purpose[1..];
            report.problem(
                format!("lamp_service and lamp_ui cannot give the broker a password: {}", unusable.what()),
                Fix::by_command(purpose, Command::of_root(command)),
            );
        }
        _ => {
            let editor = Command::of_root(format!("editor {}", quoted(lamp.service.file())));
            report.problem(
                visible(&error.to_string()),
                Fix::by_command("Set both, or neither", editor).then(lamp.restart("lamp_service")),
            );
        }
    }
}

/// What has a broker take the lamp that does not take it as `said`.
fn authorize(lamp: &Lamp, said: Option<&Login>, address: &Address, is_local: bool) -> Fix {
    let settings = lamp.service.file();
    let Some(Login { username, password }) = said else {
        return Fix::by_hand(let_the_lamp_in(settings));
    };
    let name = quoted(username);
    let Some(password) = password else {
        return Fix::by_hand(format!(
            "Write the password of {name} into a file of the lamp's user with the mode 600, and name it by `password-file = \
             FILE` in {}",
            quoted(settings)
        ));
    };
    let file = quoted(&password.file.to_string_lossy());
    let broker = if is_local {
        "in mosquitto's `password_file`, by mosquitto_passwd".to_owned()
    } else {
        format!("at the broker {}", quoted(&address.to_string()))
    };
    Fix::by_hand(format!(
        "Write the password that {name} has there into {file}, or give {name} the one of that file {broker}; the name is \
         `username` in {}",
        quoted(settings)
    ))
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
fn kept_request(address: &Address, login: Option<&Login>) -> Result<Option<String>, mqtt_client::Error> {
    let mut connection = connect(address, login)?;
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
pub(super) fn forget(address: &Address, system: &System) -> anyhow::Result<()> {
    let login = login(address, system)?;
    let forget = || {
        let mut connection = connect(address, login.as_ref())?;
        connection.publish(topic::SET_CONFIG, true, "")?;
        connection.close();
        Ok(())
    };
    match forget() {
        Err(mqtt_client::Error::NoAnswer) => bail!("the broker does not answer"),
        result => Ok(result?),
    }
}

fn connect(address: &Address, login: Option<&Login>) -> Result<Connection, mqtt_client::Error> {
    Connection::open(address, login, &format!("lampi_doctor_{}", std::process::id()), PATIENCE)
}
