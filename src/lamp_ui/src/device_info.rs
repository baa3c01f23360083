// SPDX-License-Identifier: GPL-3.0-or-later
//! What the status page tells of the device.

use std::net::IpAddr;
use std::path::Path;

use nix::ifaddrs::getifaddrs;
use programs::{identity, paths};

/// Network interfaces of a lamp, with the names that people have for them.
const INTERFACES: [(&str, &str); 2] = [("Wi-Fi", "wlan0"), ("Ethernet", "eth0")];

/// The name by which the lamp is known: as `lamp_service` keeps it, or as it will.
pub(crate) fn device_id() -> Option<String> {
    let (identity, _) = identity::find(Path::new("/"), Path::new(paths::STATE))?;
    Some(identity.id().to_owned())
}

/// Labels and values, as they are now. `bridged` is what the broker told of its bridge to the cloud, `driven` what the GPIO
/// daemon told of the LEDs.
pub(crate) fn facts(
    connected: bool,
    bridged: Option<bool>,
    driven: Option<bool>,
) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Version", env!("CARGO_PKG_VERSION").to_owned())];
    facts.extend(INTERFACES.map(|(label, interface)| (label, address(interface))));
    facts.push(("Device", device_id().unwrap_or_else(|| "unknown".into())));
    facts.push(("Broker", if connected { "connected" } else { "away" }.into()));
    let bridge = match bridged {
        Some(true) => "up",
        Some(false) => "down",
        None => "none",
    };
    facts.push(("Bridge", bridge.into()));
    let leds = match driven {
        Some(true) => "driven",
        Some(false) => "dark",
        None => "unknown",
    };
    facts.push(("LEDs", leds.into()));
    facts
}

/// The IPv4 address of a network interface, in words.
fn address(interface: &str) -> String {
    let found = getifaddrs().ok().and_then(|mut all| {
        all.find_map(|found| {
            let address = found.address.filter(|_| found.interface_name == interface)?;
            Some(IpAddr::V4(address.as_sockaddr_in()?.ip()))
        })
    });
    found.map_or_else(|| "none".into(), |address| address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_follow_what_the_broker_tells() {
        let value = |connected, bridged, wanted: &str| {
            let facts = facts(connected, bridged, None);
            facts.into_iter().find(|(label, _)| *label == wanted).map(|(_, value)| value).unwrap()
        };
        assert_eq!(value(true, None, "Version"), env!("CARGO_PKG_VERSION"));
        assert_eq!(value(true, None, "Broker"), "connected");
        assert_eq!(value(false, None, "Broker"), "away");
        for (bridged, word) in [(None, "none"), (Some(true), "up"), (Some(false), "down")] {
            assert_eq!(value(true, bridged, "Bridge"), word);
        }
    }

    #[test]
    fn leds_follow_what_the_gpio_daemon_tells() {
        for (driven, word) in [(None, "unknown"), (Some(true), "driven"), (Some(false), "dark")] {
            assert!(facts(true, None, driven).contains(&("LEDs", word.to_owned())));
        }
    }

    #[test]
    fn addresses_are_those_of_the_machine() {
        assert_eq!(address("lo"), "127.0.0.1");
        assert_eq!(address("nonexistent0"), "none");
    }
}
