// SPDX-License-Identifier: GPL-3.0-or-later
//! The facts on the status page.

use std::net::Ipv4Addr;
use std::path::Path;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use programs::{identity, paths};

/// Labels of the usual network interfaces, with the beginning of their names: wlan0 and wlp1s0; eth0, end0
/// and enxb827eb08451e.
const INTERFACES: [(&str, &str); 2] = [("Wi-Fi", "wl"), ("Ethernet", "e")];

/// Further interfaces that the page shows. More rows would overlap on a screen of 320x240 pixels.
const MOST_FURTHER: usize = 3;

/// The lamp's ID: the one that `lamp_service` keeps, or will keep.
pub(crate) fn device_id() -> Option<String> {
    let (identity, _) = identity::find(Path::new("/"), Path::new(paths::STATE))?;
    Some(identity.id().to_owned())
}

/// The current labels and values. `bridged` is the state of the broker's bridge to the cloud; `driven` is
/// whether the GPIO daemon drives the LEDs.
pub(crate) fn facts(connected: bool, bridged: Option<bool>, driven: Option<bool>) -> Vec<(String, String)> {
    let mut facts = vec![("Version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
    facts.extend(labelled(interfaces()));
    let mut push = |label: &str, value: String| facts.push((label.to_owned(), value));
    push("Device", device_id().unwrap_or_else(|| "unknown".into()));
    push("Broker", if connected { "connected" } else { "disconnected" }.into());
    let bridge = match bridged {
        Some(true) => "up",
        Some(false) => "down",
        None => "none",
    };
    push("Bridge", bridge.into());
    let leds = match driven {
        Some(true) => "driven",
        Some(false) => "dark",
        None => "unknown",
    };
    push("LEDs", leds.into());
    facts
}

/// Name and IPv4 address of each network interface that has one, without the loopback interface.
fn interfaces() -> Vec<(String, Ipv4Addr)> {
    let all = getifaddrs().into_iter().flatten();
    all.filter(|found| !found.flags.contains(InterfaceFlags::IFF_LOOPBACK))
        .filter_map(|found| Some((found.interface_name, found.address?.as_sockaddr_in()?.ip())))
        .collect()
}

/// A row for each kind of interface in [`INTERFACES`], even without an address, then the others by their
/// names.
fn labelled(mut interfaces: Vec<(String, Ipv4Addr)>) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for (label, beginning) in INTERFACES {
        let found = interfaces.iter().position(|(name, _)| name.starts_with(beginning));
        let address = found.map(|index| interfaces.remove(index).1.to_string());
        rows.push((label.to_owned(), address.unwrap_or_else(|| "none".into())));
    }
    let further = interfaces.into_iter().take(MOST_FURTHER);
    rows.extend(further.map(|(name, address)| (name, address.to_string())));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_show_the_state_of_the_connections() {
        let value = |connected, bridged, wanted: &str| {
            let facts = facts(connected, bridged, None);
            facts.into_iter().find(|(label, _)| *label == wanted).map(|(_, value)| value).unwrap()
        };
        assert_eq!(value(true, None, "Version"), env!("CARGO_PKG_VERSION"));
        assert_eq!(value(true, None, "Broker"), "connected");
        assert_eq!(value(false, None, "Broker"), "disconnected");
        for (bridged, word) in [(None, "none"), (Some(true), "up"), (Some(false), "down")] {
            assert_eq!(value(true, bridged, "Bridge"), word);
        }
    }

    #[test]
    fn facts_show_the_state_of_the_leds() {
        for (driven, word) in [(None, "unknown"), (Some(true), "driven"), (Some(false), "dark")] {
            assert!(facts(true, None, driven).contains(&("LEDs".to_owned(), word.to_owned())));
        }
    }

    #[test]
    fn every_interface_with_an_address_is_shown() {
        let rows = |names: &[&str]| {
            let address = |number| Ipv4Addr::new(192, 168, 1, number);
            let interfaces = (1..).zip(names).map(|(number, name)| ((*name).to_owned(), address(number)));
            let rows = labelled(interfaces.collect()).into_iter();
            rows.map(|(label, value)| format!("{label} {}", value.trim_start_matches("192.168.1.")))
                .collect::<Vec<_>>()
        };
        assert_eq!(rows(&[]), ["Wi-Fi none", "Ethernet none"]);
        assert_eq!(rows(&["eth0", "wlan0"]), ["Wi-Fi 2", "Ethernet 1"]);
        assert_eq!(rows(&["end0"]), ["Wi-Fi none", "Ethernet 1"], "a Pi 5");
        assert_eq!(
            rows(&["end0", "wlan0", "wlan1", "enxb827eb08451e", "usb0", "docker0"]),
            ["Wi-Fi 2", "Ethernet 1", "wlan1 3", "enxb827eb08451e 4", "usb0 5"]
        );
        assert!(interfaces().iter().all(|(name, address)| name != "lo" && !address.is_loopback()));
    }
}
