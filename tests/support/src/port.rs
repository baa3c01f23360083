// SPDX-License-Identifier: GPL-3.0-or-later
//! Ports for daemons.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::{LazyLock, Mutex};

/// A port that nobody listens on, on either loopback address, and that this process was not given before.
///
/// It lies below the range from which the kernel takes ports for outgoing connections. Otherwise a client that keeps
/// knocking while its daemon is away would now and then be connected to itself.
#[must_use]
pub fn free_port() -> u16 {
    static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);
    loop {
        let port = fastrand::u16(10_000..32_000);
        // Bound one after the other: a machine without IPv6 has no second loopback to be taken.
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err()
            || TcpListener::bind((Ipv6Addr::LOCALHOST, port))
                .is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse);
        if !taken && GIVEN.lock().unwrap().insert(port) {
            return port;
        }
    }
}
