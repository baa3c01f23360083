// SPDX-License-Identifier: GPL-3.0-or-later
//! The state over restarts, and files in a bad condition.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use test_support::{PATIENCE, Process, wait_for};

use crate::{CHANGED, Lamp, NEW, SET_CONFIG, kept, state};

/// A user without rights.
const NOBODY: u32 = 65534;

/// Starts the service as a user who is not root, from a place where that user can run it.
fn start_as_nobody(lamp: &Lamp) -> Process {
    let program = lamp.folder.path().join("lamp_service");
    // Copied by another process: other tests' children would inherit a descriptor that is open for writing,
    // and the program could not be run.
    run("cp", &[env!("CARGO_BIN_EXE_lamp_service"), program.to_str().unwrap()]);
    fs::set_permissions(lamp.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let call = lamp.command();
    Process::start(Command::new(&program).args(call.get_args()).env_clear().uid(NOBODY).gid(NOBODY), "")
}

/// A file system for one test, unmounted when dropped.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    fn new(at: &'a Path, options: &str) -> Self {
        run("mount", &["-t", "tmpfs", "-o", options, "tmpfs", at.to_str().unwrap()]);
        Self(at)
    }

    fn remount(&self, options: &str) {
        run("mount", &["-o", &format!("remount,{options}"), self.0.to_str().unwrap()]);
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[track_caller]
fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status().expect("util-linux is installed");
    assert!(status.success(), "{program} {arguments:?} needs root");
}

/// Requests a change and waits until it is published.
#[track_caller]
fn ask(observer: &mut test_support::MqttObserver, request: &str) {
    observer.publish(SET_CONFIG, request);
    observer.next_where(CHANGED, |message| message.payload == request);
}

#[track_caller]
fn assert_logged_once(service: &Process, text: &str) {
    service.await_log(text, 1);
    let lines = service.log().iter().filter(|line| line.contains(text)).count();
    assert_eq!(lines, 1, "{text}: {:?}", service.log());
}

#[test]
fn the_state_survives_sigkill_and_sigterm() {
    let lamp = Lamp::new();
    let first = state(0.12, 0.8, 0.57, true, "first");
    {
        let (mut service, observer) = lamp.start_and_watch();
        observer.publish(SET_CONFIG, first.clone());
        lamp.await_kept(&first);
        service.kill();
    }
    let last = state(0.29, 0.57, 0.58, false, "last");
    {
        let mut observer = lamp.observer();
        let mut service = lamp.start();
        assert_eq!(observer.next_where(CHANGED, |message| !message.retained).payload, first);
        lamp.await_leds([570, 442, 113]);
        // The first is written at once; the last only a second later, unless the service stops.
        for brightness in [0.1, 0.2] {
            observer.publish(SET_CONFIG, state(0.5, 0.5, brightness, true, "drag"));
        }
        observer.publish(SET_CONFIG, last.clone());
        observer.next_where(CHANGED, |message| message.payload == last);
        assert_eq!(service.terminate().code(), Some(0));
        assert_eq!(lamp.kept(), Some(kept(&last)));
    }
    // Without the service, the LEDs keep their colour.
    lamp.await_leds([0, 0, 0]);
    let mut observer = lamp.observer();
    let _service = lamp.start();
    assert_eq!(observer.next_where(CHANGED, |message| !message.retained).payload, last);
}

#[test]
fn a_start_does_not_change_lit_leds() {
    let lamp = Lamp::new();
    let last = state(0.33, 1.0, 1.0, true, "");
    fs::write(lamp.state_file(), kept(&last)).unwrap();
    {
        let (mut service, _witness) = lamp.start_and_watch();
        lamp.await_leds([20, 1000, 0]);
        service.kill();
    }
    lamp.await_leds([20, 1000, 0]);
    let (service, _witness) = lamp.start_and_watch();
    service.await_log("driving the LEDs", 1);
    lamp.await_leds([20, 1000, 0]);
}

#[test]
fn moves_an_invalid_file_away() {
    let lamp = Lamp::new();
    let large = format!("{}{}", kept(NEW), " ".repeat(1 << 20));
    for (content, reason) in [
        ("", "it is not a state"),
        ("\0\0\0\0", "it is not a state"),
        (&kept(NEW)[..40], "it is not a state"),
        (r#"{"version": 2, "state": {}}"#, "its version is 2; only version 1 is supported"),
        (&kept(&state(1.5, 1.0, 1.0, true, "")), "color.h is 1.5; it must be a number from 0.0 to 1.0"),
        (r#"{"version": 1, "state": {"client": "", "on": true}}"#, "color is missing"),
        (&large, "it is larger than a state"),
    ] {
        fs::write(lamp.state_file(), content).unwrap();
        let mut observer = lamp.observer();
        let mut service = lamp.start();
        assert_eq!(observer.next_where(CHANGED, |message| !message.retained).payload, NEW);
        service.await_log(reason, 1);
        let complaints = service.log().iter().filter(|line| line.contains("cannot read the state")).count();
        assert_eq!(complaints, 1, "{:?}", service.log());
        let aside = lamp.folder.path().join("state.json.bad");
        assert_eq!(fs::read_to_string(&aside).unwrap(), content);

        // The next change writes a valid file.
        let next = state(0.5, 0.5, 0.5, true, "next");
        observer.publish(SET_CONFIG, next.clone());
        lamp.await_kept(&next);
        assert!(service.terminate().success());
    }
}

#[test]
fn works_without_a_writable_place_and_recovers() {
    let lamp = Lamp::new();
    let (service, mut observer) = lamp.start_and_watch();
    // Root can write everywhere, so a file replaces the directory.
    lamp.await_kept(NEW);
    let folder = lamp.folder.path();
    fs::remove_dir_all(folder).unwrap();
    fs::write(folder, "").unwrap();
    for brightness in [0.1, 0.2, 0.5] {
        let request = state(0.5, 0.5, brightness, true, "homeless");
        observer.publish(SET_CONFIG, request.clone());
        assert_eq!(observer.next(CHANGED).payload, request);
    }
    lamp.await_leds([250, 500, 500]);
    service.await_log("cannot save the state in", 1);
    fs::remove_file(folder).unwrap();
    lamp.await_kept(&state(0.5, 0.5, 0.5, true, "homeless"));
    service.await_log("can be written again", 1);
    assert_eq!(service.log().iter().filter(|line| line.contains("cannot save the state in")).count(), 1);
}

#[test]
fn survives_a_read_only_file_system() {
    let mut lamp = Lamp::new();
    let folder = lamp.use_subfolder();
    let mount = Mount::new(&folder, "size=64k");
    let (service, mut observer) = lamp.start_and_watch();
    lamp.await_kept(NEW);
    mount.remount("ro");
    let last = state(0.5, 0.5, 0.5, true, "read-only");
    ask(&mut observer, &state(0.1, 0.5, 0.5, true, "read-only"));
    ask(&mut observer, &last);
    service.await_log("Read-only file system (os error 30); retrying", 1);
    lamp.await_leds([250, 500, 500]);
    assert_eq!(lamp.kept(), Some(kept(NEW)), "the last good state stays");
    mount.remount("rw");
    lamp.await_kept(&last);
    service.await_log("can be written again", 1);
    assert_logged_once(&service, "cannot save the state in");
}

#[test]
fn a_full_disk_keeps_the_last_state() {
    let mut lamp = Lamp::new();
    let folder = lamp.use_subfolder();
    let _mount = Mount::new(&folder, "size=64k");
    let (mut service, mut observer) = lamp.start_and_watch();
    lamp.await_kept(NEW);
    // To the last byte.
    let filler = folder.join("filler");
    assert!(fs::write(&filler, vec![0; 1 << 20]).is_err());
    ask(&mut observer, &state(0.1, 0.5, 0.5, true, "full"));
    service.await_log("No space left on device (os error 28); retrying", 1);
    assert_eq!(lamp.kept(), Some(kept(NEW)));
    assert!(!folder.join("state.json.new").exists());
    // Not even if the service ends now.
    service.kill();
    let mut service = lamp.start();
    observer.next_where(CHANGED, |message| message.payload == NEW);
    service.await_log("read the state from", 1);
    let last = state(0.5, 0.5, 0.5, true, "room");
    ask(&mut observer, &last);
    service.await_log("; retrying", 1);
    fs::remove_file(&filler).unwrap();
    lamp.await_kept(&last);
    assert!(service.terminate().success());
}

#[test]
fn creates_a_removed_directory_again() {
    let mut lamp = Lamp::new();
    let folder = lamp.use_subfolder();
    let (service, mut observer) = lamp.start_and_watch();
    lamp.await_kept(NEW);
    fs::remove_dir_all(&folder).unwrap();
    let last = state(0.5, 0.5, 0.5, true, "again");
    ask(&mut observer, &last);
    lamp.await_kept(&last);
    assert!(!service.log().iter().any(|line| line.contains("cannot save")));
}

#[test]
fn does_not_touch_other_kinds_of_files() {
    let lamp = Lamp::new();
    let path = lamp.state_file();
    for make in [
        (|path| fs::create_dir(path).unwrap()) as fn(&Path),
        |path| run("mkfifo", &[path.to_str().unwrap()]),
        |path| symlink("/dev/null", path).unwrap(),
    ] {
        make(&path);
        let before = fs::symlink_metadata(&path).unwrap().file_type();
        let (mut service, mut observer) = lamp.start_and_watch();
        lamp.await_leds([1000, 0, 0]);
        ask(&mut observer, &state(0.5, 0.5, 0.5, true, "shines"));
        lamp.await_leds([250, 500, 500]);
        service.await_log("it is not a regular file; give the path of a file for the state", 2);
        assert!(service.terminate().success());
        assert_eq!(fs::symlink_metadata(&path).unwrap().file_type(), before);
        if before.is_dir() { fs::remove_dir(&path) } else { fs::remove_file(&path) }.unwrap();
    }
}

#[test]
fn recovers_from_files_of_other_users() {
    let mut lamp = Lamp::new();
    let folder = lamp.use_subfolder();
    // A file that only root can read, and root's leftover temporary file, in the service's directory.
    chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
    for name in ["state.json", "state.json.new"] {
        fs::write(folder.join(name), "root's").unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut observer = lamp.observer();
    let mut service = start_as_nobody(&lamp);
    assert_eq!(observer.next_where(CHANGED, |message| !message.retained).payload, NEW);
    service.await_log("Permission denied (os error 13); moved it to", 1);
    let last = state(0.5, 0.5, 0.5, true, "owner");
    ask(&mut observer, &last);
    lamp.await_kept(&last);
    assert_eq!(fs::read(folder.join("state.json.bad")).unwrap(), b"root's");
    assert!(service.terminate().success());

    // Root's directory with a broken file: nothing works until it gets the right owner.
    chown(&folder, Some(0), Some(0)).unwrap();
    fs::remove_file(folder.join("state.json.bad")).unwrap();
    fs::write(lamp.state_file(), "evidence").unwrap();
    let mut observer = lamp.observer();
    let service = start_as_nobody(&lamp);
    assert_eq!(observer.next_where(CHANGED, |message| !message.retained).payload, NEW);
    service.await_log("cannot move it away: Permission denied", 1);
    ask(&mut observer, &state(0.1, 0.5, 0.5, true, "locked out"));
    ask(&mut observer, &last);
    service.await_log("cannot save the state in", 1);
    assert_eq!(fs::read(lamp.state_file()).unwrap(), b"evidence");
    chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
    lamp.await_kept(&last);
    assert_eq!(fs::read(folder.join("state.json.bad")).unwrap(), b"evidence");
    assert_logged_once(&service, "cannot save the state in");
}

#[test]
fn needs_no_privileges_and_listens_on_no_port() {
    let mut lamp = Lamp::new();
    let folder = lamp.use_subfolder();
    chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
    let mut observer = lamp.observer();
    let service = start_as_nobody(&lamp);
    observer.next(CHANGED);
    ask(&mut observer, &state(0.5, 0.5, 0.5, true, "nobody"));
    lamp.await_leds([250, 500, 500]);
    let sockets = service.sockets();
    assert!(!sockets.is_empty());
    for table in ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"] {
        let table = fs::read_to_string(format!("/proc/{}/net/{table}", service.pid())).unwrap();
        for line in table.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let ours = sockets.iter().any(|inode| inode == fields[9]);
            // State 1 is an established connection.
            assert!(!ours || fields[3] == "01", "{line}");
        }
    }
}

#[test]
fn a_drag_costs_about_one_write_a_second() {
    let lamp = Lamp::new();
    let (mut service, mut observer) = lamp.start_and_watch();
    lamp.await_kept(NEW);
    let mut writes = 0;
    let mut before = None;
    let start = std::time::Instant::now();
    let mut step = 0;
    wait_for("three seconds of dragging", PATIENCE, || {
        step += 1;
        ask(&mut observer, &state(0.5, 0.5, 0.5, true, &format!("drag {step}")));
        let now = lamp.kept();
        if now != before {
            (before, writes) = (now, writes + 1);
        }
        (start.elapsed().as_secs() >= 3).then_some(())
    });
    // One for the first state, and one for each 0.8 s.
    assert!(step > 5 * writes && (2..=6).contains(&writes), "{writes} writes of {step} states");
    assert!(service.terminate().success());
    assert_eq!(lamp.kept(), Some(kept(&state(0.5, 0.5, 0.5, true, &format!("drag {step}")))));
}
