// SPDX-License-Identifier: GPL-3.0-or-later
//! Machines that lack something usual. The lamp works on each.

use std::fs;
use std::path::Path;
use std::process::Command;

use test_support::{
    Mosquitto, Pigpiod, Process, make_read_only, mount_memory, replace_file, with_own_mounts, without_ipv6,
};

use crate::{CHANGED, Lamp, SET_CONFIG, state};

/// Starts the service and checks that the light follows a request.
#[track_caller]
fn assert_shines(lamp: &Lamp) -> Process {
    let (service, mut observer) = lamp.start_and_watch();
    lamp.await_leds([1000, 0, 0]);
    let request = state(0.5, 0.5, 0.5, true, "someone");
    observer.publish(SET_CONFIG, request.clone());
    observer.next_where(CHANGED, |message| message.payload == request);
    lamp.await_leds([250, 500, 500]);
    service
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

/// The log lines about the state's file or directory, except the two of every start.
fn about_storage(service: &Process) -> Vec<String> {
    let log = service.log();
    let is_usual =
        |line: &String| line.contains("; broker ") || line.contains("starting with the default state");
    log.into_iter().filter(|line| line.contains("state") && !is_usual(line)).collect()
}

#[track_caller]
fn assert_logs_once(lamp: &Lamp, text: &str) -> Process {
    let service = assert_shines(lamp);
    service.await_log(text, 1);
    assert_eq!(about_storage(&service).len(), 1, "{:?}", service.log());
    service
}

#[test]
fn on_a_read_only_disk_it_shines() {
    let mut lamp = Lamp::new();
    let directory = lamp.use_subfolder();
    with_own_mounts(|| {
        make_read_only(&directory);
        let _service = assert_logs_once(&lamp, "is read-only; the state is not saved until it is writable");
    });
}

#[test]
fn on_a_disk_that_is_full_from_the_start_it_shines() {
    let mut lamp = Lamp::new();
    let directory = lamp.use_subfolder();
    let disk = lamp.folder.path().join("disk");
    with_own_mounts(|| {
        mount_full_disk(&disk, &directory);
        let _service = assert_logs_once(&lamp, "No space left on device (os error 28); retrying");
    });
}

/// Mounts a full disk on `directory`. Its image is the file `disk`.
fn mount_full_disk(disk: &Path, directory: &Path) {
    fs::File::create(disk).unwrap().set_len(256 << 10).unwrap();
    for (program, arguments) in
        [("mkfs.ext2", &["-q", disk.to_str().unwrap()][..]), ("mount", &["-o", "loop"])]
    {
        let mut command = Command::new(program);
        command.args(arguments);
        if program == "mount" {
            command.arg(disk).arg(directory);
        }
        assert!(command.status().expect("e2fsprogs and mount").success(), "{program}");
    }
    // A file of one byte takes the last block.
    let fills = |size: usize| {
        let filler = directory.join(format!("filler-{size}-{}", fastrand::u32(..)));
        fs::write(filler, vec![0; size]).is_err()
    };
    assert!(fills(1 << 20), "there is no end to it");
    while !fills(1) {}
}

#[test]
fn in_memory_it_shines_and_warns_about_the_state() {
    let mut lamp = Lamp::new();
    let directory = lamp.use_subfolder();
    with_own_mounts(|| {
        mount_memory(&directory, 64 << 10);
        let _service = assert_logs_once(&lamp, "is in memory; the state is lost at the next reboot");
    });
}

#[test]
fn on_an_overlay_it_shines_and_warns_about_the_state() {
    let mut lamp = Lamp::new();
    let directory = lamp.use_subfolder();
    let memory = lamp.folder.path().join("memory");
    fs::create_dir(&memory).unwrap();
    with_own_mounts(|| {
        mount_memory(&memory, 1 << 20);
        let [lower, upper, work] = ["lower", "upper", "work"].map(|name| memory.join(name));
        for part in [&lower, &upper, &work] {
            fs::create_dir(part).unwrap();
        }
        let options =
            format!("lowerdir={},upperdir={},workdir={}", lower.display(), upper.display(), work.display());
        let mut mount = Command::new("mount");
        mount.args(["-t", "overlay", "-o", &options, "overlay"]).arg(&directory);
        assert!(mount.status().unwrap().success(), "root may mount");
        let _service = assert_logs_once(&lamp, "is on an overlay; if that is in memory");
        lamp.await_kept(&state(0.5, 0.5, 0.5, true, "someone"));
    });
}

/// As on a Raspberry Pi without a network: its clock starts at 1970 and jumps when it is set.
#[test]
fn with_a_clock_that_jumps_it_shines() {
    let lamp = Lamp::new();
    let clock = lamp.folder.path().join("clock");
    fs::write(&clock, "1970-01-01 00:00:07").unwrap();
    let mut observer = lamp.observer();
    let mut command = lamp.command();
    command.env("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1");
    command.env("FAKETIME_TIMESTAMP_FILE", &clock).env("FAKETIME_NO_CACHE", "1");
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let service = Process::start(&mut command, "libfaketime");
    observer.next_where(CHANGED, |message| !message.retained);
    assert!(service.log()[0].starts_with("1970-01-01T00:00:07Z "), "{:?}", service.log());
    for (time, brightness, led) in [
        ("2026-11-28 00:00:00", 0.5, 500),
        ("2024-02-29 23:59:59", 0.25, 250),
        ("1970-01-01 00:00:00", 1.0, 1000),
    ] {
        fs::write(&clock, time).unwrap();
        let request = state(0.5, 0.0, brightness, true, "someone");
        observer.publish(SET_CONFIG, request.clone());
        observer.next_where(CHANGED, |message| message.payload == request);
        lamp.await_leds([led; 3]);
        lamp.await_kept(&request);
    }
    assert!(!service.log().iter().any(|line| line.contains("cannot")), "{:?}", service.log());
}
