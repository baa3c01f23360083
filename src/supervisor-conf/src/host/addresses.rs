// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether supervisord can open a server at an address.

use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs, UdpSocket};
use std::path::Path;

/// The state of the host of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// An address of the machine, or unknown.
    Usable,
    /// The name does not resolve to an IPv4 address.
    Unresolvable,
    /// An address of another machine.
    Elsewhere,
}

/// Looks `name` up in `etc/hosts` below `root` and, on the machine on which the check runs, with the
/// resolver.
pub(super) fn look_up(name: &str, root: &Path, node_name: &str, live: bool) -> Address {
    if let Ok(address) = name.parse() {
        return if live { bindable(address) } else { Address::Usable };
    }
    if name.is_empty() || name == "localhost" || name == node_name || is_in_hosts(name, root) || !live {
        return Address::Usable;
    }
    match (name, 0).to_socket_addrs().map(|mut found| found.find(std::net::SocketAddr::is_ipv4)) {
        Ok(Some(address)) => match address.ip() {
            IpAddr::V4(address) => bindable(address),
            IpAddr::V6(_) => Address::Unresolvable,
        },
        _ => Address::Unresolvable,
    }
}

fn bindable(address: Ipv4Addr) -> Address {
    match UdpSocket::bind((address, 0)) {
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => Address::Elsewhere,
        _ => Address::Usable,
    }
}

fn is_in_hosts(name: &str, root: &Path) -> bool {
    let hosts = fs::read(root.join("etc/hosts")).unwrap_or_default();
    String::from_utf8_lossy(&hosts).lines().any(|line| {
        let mut words = line.split('#').next().unwrap_or("").split_whitespace();
        let is_v4 = words.next().is_some_and(|address| address.parse::<Ipv4Addr>().is_ok());
        is_v4 && words.any(|known| known.eq_ignore_ascii_case(name))
    })
}
