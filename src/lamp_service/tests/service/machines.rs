// SPDX-License-Identifier: GPL-3.0-or-later
//! Machines that lack something which most have. The lamp shines on each.

use std::fs;
use std::path::Path;
use std::process::Command;

use test_support::{Mosquitto, Pigpiod, replace_file, with_own_mounts, without_ipv6};

use crate::{CHANGED, Lamp, SET_CONFIG, state};

/// Starts the service, and sees whether the light follows a request.
#[track_caller]
fn assert_shines(lamp: &Lamp) {
    let (_service, mut observer) = lamp.start_and_watch();
    lamp.await_leds([1000, 0, 0]);
    let request = state(0.5, 0.5, 0.5, true, "someone");
    observer.publish(SET_CONFIG, request.clone());
    observer.next_where(CHANGED, |message| message.payload == request);
    lamp.await_leds([250, 500, 500]);
}

#[test]
fn without_ipv6_it_shines() {
    without_ipv6(|| {
        let lamp = Lamp::with(Mosquitto::start(), Pigpiod::start_with(&["-g", "-l", "-n", "127.0.0.1"]));
        assert_shines(&lamp);
    });
}

#[test]
fn without_localhost_in_the_host_table_it_shines() {
    let lamp = Lamp::new();
    with_own_mounts(|| {
        let hosts = lamp.folder.path().join("hosts");
        let order = lamp.folder.path().join("nsswitch.conf");
        fs::write(&hosts, "127.0.1.1 raspberrypi\n").unwrap();
        fs::write(&order, "hosts: files\n").unwrap();
        replace_file(Path::new("/etc/hosts"), &hosts);
        replace_file(Path::new("/etc/nsswitch.conf"), &order);
        let found = Command::new("getent").args(["hosts", "localhost"]).status();
        assert!(!found.unwrap().success(), "localhost is still known");
        assert_shines(&lamp);
    });
}
