// SPDX-License-Identifier: GPL-3.0-or-later
//! The options that pigpio's own daemon is started with: those of the call, and one more where it could not start otherwise.

use std::ffi::OsString;
use std::net::{Ipv6Addr, TcpListener};

use nix::errno::Errno;
use programs::pigpiod::Cli;

/// Has pigpio listen on IPv4: its list of clients knows no other addresses. With -l, it listens on 127.0.0.1 then.
const IPV4: [&str; 2] = ["-n", "127.0.0.1"];

/// The options as they came, but for the one that pigpio does not have.
pub(crate) fn unchanged(options: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut options = options;
    while let Some(option) = options.next() {
        if option == "--root" {
            options.next();
        } else if !option.to_string_lossy().starts_with("--root=") {
            kept.push(option);
        }
    }
    kept
}

/// What pigpio needs besides to listen at all: nothing, or to be told to use IPv4.
///
/// With -l, and without a list of clients, it listens on `::1` alone wherever the kernel knows IPv6, and ends if the
/// loopback does not have that address (initialisation in pigpio.c of version 79).
pub(crate) fn needed(cli: &Cli) -> &'static [&'static str] {
    let wants_ipv6 = cli.local && !cli.no_socket && cli.allowed.is_empty();
    if wants_ipv6 && loopback_is_without_ipv6() { &IPV4 } else { &[] }
}

/// IPv6 is switched off by a setting: `net.ipv6.conf.lo.disable_ipv6`, or that of all interfaces. Where the kernel does not
/// know IPv6, pigpio itself chooses IPv4.
fn loopback_is_without_ipv6() -> bool {
    let bound = TcpListener::bind((Ipv6Addr::LOCALHOST, 0));
    bound.is_err_and(|error| error.raw_os_error() == Some(Errno::EADDRNOTAVAIL as i32))
}
