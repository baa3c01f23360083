// SPDX-License-Identifier: GPL-3.0-or-later
//! The options of pigpio's own daemon: the given ones, and one more if it could not start otherwise.

use std::ffi::OsString;
use std::net::{Ipv6Addr, TcpListener};

use nix::errno::Errno;
use programs::pigpiod::Cli;

/// Makes pigpio listen on IPv4: its client list supports only IPv4 addresses. With -l, it listens on
/// 127.0.0.1.
const IPV4: [&str; 2] = ["-n", "127.0.0.1"];

/// The given options except --root, which pigpio does not have.
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

/// The additional options that pigpio needs to listen.
///
/// With -l and without a client list, pigpio listens only on `::1` if the kernel supports IPv6, and exits if
/// the loopback interface does not have that address (initialisation in pigpio.c of version 79).
pub(crate) fn needed(cli: &Cli) -> &'static [&'static str] {
    let wants_ipv6 = cli.local && !cli.no_socket && cli.allowed.is_empty();
    if wants_ipv6 && loopback_is_without_ipv6() { &IPV4 } else { &[] }
}

/// Whether `net.ipv6.conf.lo.disable_ipv6`, or the setting for all interfaces, disables IPv6. If the kernel
/// does not support IPv6, pigpio itself uses IPv4.
fn loopback_is_without_ipv6() -> bool {
    let bound = TcpListener::bind((Ipv6Addr::LOCALHOST, 0));
    bound.is_err_and(|error| error.raw_os_error() == Some(Errno::EADDRNOTAVAIL as i32))
}
