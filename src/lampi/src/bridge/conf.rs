// SPDX-License-Identifier: GPL-3.0-or-later
//! The file's format (mosquitto.conf(5), "Configuring Bridges").

use std::fmt;

/// The first line of a file that `lampi bridge` wrote. Files of earlier versions have the same one.
const FIRST_LINE: &str = "# Written by lampi bridge, which replaces the whole file when it is called again.";

/// Topics of the bridge, as other LAMPIs and their web pages use them: direction from the lamp's side, and
/// QoS.
const TOPICS: [(&str, &str, u8); 5] = [
    ("lamp/set_config", "in", 1),
    ("lamp/changed", "out", 1),
    ("lamp/connection/+/state", "out", 1),
    ("lamp/associated", "in", 2),
    ("lamp/bluetooth", "out", 1),
];

/// Directory of the system's CA certificates.
pub(super) const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs";

/// A connection to another broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bridge {
    /// The lamp's ID on the other broker.
    pub device_id: String,
    /// Host name or IP address of the other broker.
    pub host: String,
    /// TCP port of the other broker.
    pub port: u16,
    /// None without encryption.
    pub tls: Option<Tls>,
    /// User name, and the password if there is one.
    pub user: Option<(String, Option<String>)>,
}

/// The certificates of an encrypted connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tls {
    /// CA certificates that verify the other broker.
    pub authorities: Authorities,
    /// Files of the lamp's certificate and its key.
    pub own: Option<(String, String)>,
}

/// The trusted CA certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Authorities {
    /// Those in this file.
    File(String),
    /// Those of the system.
    System,
}

impl Bridge {
    /// Name of the connection, and the lamp's client ID on the other broker.
    pub(super) fn name(&self) -> String {
        format!("{}_broker", self.device_id)
    }

    /// Prefix of the lamp's topics on the other broker.
    pub(super) fn prefix(&self) -> String {
        format!("devices/{}/", self.device_id)
    }
}

/// Whether `lampi bridge` wrote this file.
pub(super) fn is_ours(content: &[u8]) -> bool {
    content.starts_with(FIRST_LINE.as_bytes())
}

/// The lamp's ID in a file that `lampi bridge` wrote.
pub(super) fn device_id(content: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(content).ok().filter(|text| is_ours(text.as_bytes()))?;
    let name = text.lines().find_map(|line| line.strip_prefix("connection "))?;
    name.strip_suffix("_broker").map(ToOwned::to_owned)
}

impl fmt::Display for Bridge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        writeln!(formatter, "{FIRST_LINE}\n")?;
        writeln!(formatter, "connection {name}")?;
        // mosquitto splits at the last colon, so an IPv6 address needs no brackets.
        writeln!(formatter, "address {}:{}", self.host, self.port)?;
        writeln!(formatter, "remote_clientid {name}")?;
        // Both brokers keep messages while they are disconnected.
        writeln!(formatter, "cleansession false")?;
        writeln!(formatter, "bridge_protocol_version mqttv311")?;
        if let Some((user, password)) = &self.user {
            writeln!(formatter, "remote_username {user}")?;
            if let Some(password) = password {
                writeln!(formatter, "remote_password {password}")?;
            }
        }
        if let Some(tls) = &self.tls {
            match &tls.authorities {
                Authorities::File(file) => writeln!(formatter, "bridge_cafile {file}")?,
                Authorities::System => writeln!(formatter, "bridge_capath {SYSTEM_AUTHORITIES}")?,
            }
            if let Some((certificate, key)) = &tls.own {
                writeln!(formatter, "bridge_certfile {certificate}\nbridge_keyfile {key}")?;
            }
        }
        let prefix = self.prefix();
        TOPICS.iter().try_for_each(|(topic, direction, qos)| {
            writeln!(formatter, "topic {topic} {direction} {qos} \"\" {prefix}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_a_file_with_every_setting() {
        let bridge = Bridge {
            device_id: "b827eb08451e".into(),
            host: "lamps.example.org".into(),
            port: 8883,
            tls: Some(Tls { authorities: Authorities::System, own: Some(("/c rt".into(), "/key".into())) }),
            user: Some(("me".into(), Some("se cret".into()))),
        };
        let text = bridge.to_string();
        assert_eq!(device_id(text.as_bytes()), Some("b827eb08451e".into()));
        assert_eq!(device_id(text.trim_start_matches('#').as_bytes()), None);
        assert!(is_ours(text.as_bytes()) && !is_ours(b"# mine\n"));
        assert_eq!(
            text,
            "# Written by lampi bridge, which replaces the whole file when it is called again.\n\n\
             connection b827eb08451e_broker\naddress lamps.example.org:8883\n\
             remote_clientid b827eb08451e_broker\n\
             cleansession false\nbridge_protocol_version mqttv311\n\
             remote_username me\nremote_password se cret\n\
             bridge_capath /etc/ssl/certs\nbridge_certfile /c rt\nbridge_keyfile /key\n\
             topic lamp/set_config in 1 \"\" devices/b827eb08451e/\n\
             topic lamp/changed out 1 \"\" devices/b827eb08451e/\n\
             topic lamp/connection/+/state out 1 \"\" devices/b827eb08451e/\n\
             topic lamp/associated in 2 \"\" devices/b827eb08451e/\n\
             topic lamp/bluetooth out 1 \"\" devices/b827eb08451e/\n"
        );
    }
}
