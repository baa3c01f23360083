// SPDX-License-Identifier: GPL-3.0-or-later
//! Free ports for daemons.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::{LazyLock, Mutex};

/// A port without a listener on either loopback address, different at each call in this process.
///
/// The port is below the kernel's range for outgoing connections. Otherwise a client that retries while its
/// daemon is stopped could connect to itself.
#[must_use]
pub fn free_port() -> u16 {
    static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);
    loop {
        let port = fastrand::u16(10_000..32_000);
        // Tested one after the other: a machine without IPv6 has no second loopback address.
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err()
            || TcpListener::bind((Ipv6Addr::LOCALHOST, port))
                .is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse);
        if !taken && GIVEN.lock().unwrap().insert(port) {
            return port;
        }
    }
}
