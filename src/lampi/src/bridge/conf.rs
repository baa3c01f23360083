// SPDX-License-Identifier: GPL-3.0-or-later
//! The file as mosquitto reads it (mosquitto.conf(5), "Configuring Bridges").

use std::fmt;

/// How a file begins that was written here.
const FIRST_LINE: &str = "# Written by lampi bridge, which replaces the whole file when it is called again.";

/// Topics that pass, as every LAMPI and every web page for it expects: direction as seen from the lamp, and QoS.
const TOPICS: [(&str, &str, u8); 5] = [
    ("lamp/set_config", "in", 1),
    ("lamp/changed", "out", 1),
    ("lamp/connection/+/state", "out", 1),
    ("lamp/associated", "in", 2),
    ("lamp/bluetooth", "out", 1),
];

/// Folder of the authorities that the system trusts.
pub(super) const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs";

/// A connection with another broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bridge {
    /// What the lamp is called there.
    pub device_id: String,
    /// Name or address of the other broker.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// If the connection is encrypted.
    pub tls: Option<Tls>,
    /// Name, and password if there is one.
    pub user: Option<(String, Option<String>)>,
}

/// How the two brokers prove who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tls {
    /// Who vouches for the other broker.
    pub authorities: Authorities,
    /// Files of the lamp's own certificate and of its key.
    pub own: Option<(String, String)>,
}

/// Whose certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Authorities {
    /// Those in a file.
    File(String),
    /// Those that the system trusts.
    System,
}

impl Bridge {
    /// Name of the connection, and the client id of the lamp's broker at the other one.
    pub(super) fn name(&self) -> String {
        format!("{}_broker", self.device_id)
    }

    /// What the lamp's topics begin with there.
    pub(super) fn prefix(&self) -> String {
        format!("devices/{}/", self.device_id)
    }
}

/// Whether a file was written here.
pub(super) fn is_ours(content: &[u8]) -> bool {
    content.starts_with(FIRST_LINE.as_bytes())
}

/// The name of the lamp in a file that was written here.
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
        // The last colon counts, so that an IPv6 address needs no brackets.
        writeln!(formatter, "address {}:{}", self.host, self.port)?;
        writeln!(formatter, "remote_clientid {name}")?;
        // Both brokers keep for each other what they cannot send.
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
    fn the_whole_file() {
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
             connection b827eb08451e_broker\naddress lamps.example.org:8883\nremote_clientid b827eb08451e_broker\n\
             cleansession false\nbridge_protocol_version mqttv311\nremote_username me\nremote_password se cret\n\
             bridge_capath /etc/ssl/certs\nbridge_certfile /c rt\nbridge_keyfile /key\n\
             topic lamp/set_config in 1 \"\" devices/b827eb08451e/\n\
             topic lamp/changed out 1 \"\" devices/b827eb08451e/\n\
             topic lamp/connection/+/state out 1 \"\" devices/b827eb08451e/\n\
             topic lamp/associated in 2 \"\" devices/b827eb08451e/\n\
             topic lamp/bluetooth out 1 \"\" devices/b827eb08451e/\n"
        );
    }
}
