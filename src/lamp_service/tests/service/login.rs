// SPDX-License-Identifier: GPL-3.0-or-later
//! A broker that requires passwords, created with `mosquitto_passwd`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use test_support::{Mosquitto, MqttObserver, Pigpiod, Process, Signal, set_password};

use crate::{CHANGED, CONNECTION, Lamp, service};

const WRONG: &str = "the user name 'lamp' or the password in ";

/// The password files of a broker and a lamp.
struct Secrets(TempDir);

impl Secrets {
    /// Broker and lamp have the user lamp with the password `first`.
    fn new() -> Self {
        let secrets = Self(tempfile::tempdir().unwrap());
        set_password(&secrets.passwords(), "lamp", "first");
        secrets.write("first\n");
        secrets
    }

    fn passwords(&self) -> PathBuf {
        self.0.path().join("passwords")
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("secret")
    }

    fn settings(&self) -> PathBuf {
        self.0.path().join("settings")
    }

    /// Writes the lamp's password, readable only by its owner.
    fn write(&self, text: &str) {
        fs::write(self.file(), text).unwrap();
        self.set_mode(0o600);
    }

    fn set_mode(&self, mode: u32) {
        fs::set_permissions(self.file(), Permissions::from_mode(mode)).unwrap();
    }

    fn set(&self, username: &str) {
        let file = self.file();
        let text = format!("username = {username}\npassword-file = {}\n", file.display());
        fs::write(self.settings(), text).unwrap();
    }

    /// A broker that accepts anonymous clients but rejects wrong credentials.
    fn broker(&self) -> Mosquitto {
        Mosquitto::start_with(&format!("password_file {}\n", self.passwords().display()))
    }

    fn lamp(&self) -> Lamp {
        Lamp::with(self.broker(), Pigpiod::start())
    }

    fn start(&self, lamp: &Lamp) -> Process {
        self.set("lamp");
        lamp.start_with(&["--settings", self.settings().to_str().unwrap()])
    }
}

fn came(observer: &mut MqttObserver) {
    observer.next_where(CHANGED, |message| !message.retained);
}

#[test]
fn follows_a_changed_password() {
    let secrets = Secrets::new();
    let lamp = secrets.lamp();
    let mut observer = lamp.observer();
    let service = secrets.start(&lamp);
    came(&mut observer);
    let call = fs::read(format!("/proc/{}/cmdline", service.pid())).unwrap();
    assert!(!String::from_utf8_lossy(&call).contains("first"));

    // mosquitto disconnects clients whose credentials are no longer valid.
    set_password(&secrets.passwords(), "lamp", "second");
    lamp.broker.reload();
    service.await_log(WRONG, 1);
    secrets.write("second\n");
    service.signal(Signal::SIGHUP);
    came(&mut observer);

    // The lamp first: it reconnects at once, and the broker does not have the new password yet.
    secrets.write("third\n");
    service.signal(Signal::SIGHUP);
    service.await_log("the user name or the password has changed", 1);
    service.await_log(WRONG, 2);
    set_password(&secrets.passwords(), "lamp", "third");
    lamp.broker.reload();
    // It keeps retrying.
    came(&mut observer);

    // Another user too; a mistake changes nothing.
    set_password(&secrets.passwords(), "lamp2", "third");
    lamp.broker.reload();
    secrets.set("lamp2");
    service.signal(Signal::SIGHUP);
    came(&mut observer);
    secrets.set_mode(0o640);
    service.signal(Signal::SIGHUP);
    service.await_log("cannot reload the user name and password: the password file ", 1);
    secrets.set_mode(0o600);
    service.signal(Signal::SIGHUP);
    service.await_log("reloaded the settings", 5);
    fs::remove_file(secrets.settings()).unwrap();
    service.signal(Signal::SIGHUP);
    came(&mut observer);

    let log = service.log().join("\n");
    for secret in ["first", "second", "third"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn logs_a_refusal_once_and_retries() {
    let secrets = Secrets::new();
    let lines = format!("allow_anonymous false\npassword_file {}\n", secrets.passwords().display());
    let mut lamp = Lamp::with(Mosquitto::start_with(&lines), Pigpiod::start());
    let refused = "it refuses the connection: not authorized; ";

    let service = lamp.start();
    lamp.await_leds([1000, 0, 0]);
    service.await_log(&format!("{refused}it requires a user name and a password; retrying"), 1);
    drop(service);

    secrets.write("wrong\n");
    let service = secrets.start(&lamp);
    lamp.await_leds([1000, 0, 0]);
    let said = format!("{refused}{WRONG}{} is wrong; retrying", secrets.file().display());
    service.await_log(&said, 1);
    // The broker restarts: the same reason is not logged again.
    lamp.broker.stop();
    lamp.broker.restart();
    secrets.write("first\n");
    service.await_log("connected to MQTT broker", 1);
    assert_eq!(service.log().iter().filter(|line| line.contains(refused)).count(), 1, "{:?}", service.log());
}

#[test]
fn rejects_a_password_file_that_others_can_read() {
    let secrets = Secrets::new();
    let lamp = secrets.lamp();
    let mut observer = lamp.observer();
    secrets.set_mode(0o644);
    let service = secrets.start(&lamp);
    lamp.await_leds([1000, 0, 0]);
    let file = secrets.file();
    let file = file.display();
    service.await_log(
        &format!(
            "the password file {file} gives access to other users (mode 644); to let only its owner read it, run: sudo chmod \
             600 {file}; retrying"
        ),
        1,
    );
    secrets.set_mode(0o600);
    came(&mut observer);
    assert_eq!(observer.next(CONNECTION).payload, "1");
}

/// The result of `--check` for the broker.
fn checked(lamp: &Lamp, secrets: &Secrets) -> String {
    secrets.set("lamp");
    let output = lamp.command().arg("--check").arg("--settings").arg(secrets.settings()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find(|line| line.contains("MQTT broker")).unwrap().to_owned()
}

#[test]
fn check_names_each_unsafe_password_file_and_its_fix() {
    let secrets = Secrets::new();
    let lamp = secrets.lamp();
    let path = secrets.file();
    let file = path.display().to_string();
    assert!(checked(&lamp, &secrets).ends_with(": accepts clients"));
    // Windows line ends.
    secrets.write("first\r\nmore\n");
    assert!(checked(&lamp, &secrets).ends_with(": accepts clients"));
    secrets.write("second");
    assert!(checked(&lamp, &secrets).contains("not authorized"));

    let expect = |reason: &str, fix: &str| {
        let said = checked(&lamp, &secrets);
        assert!(said.starts_with("WRONG"), "{said}");
        let sentence = format!("the password file {file} {reason}");
        assert!(said.contains(&sentence) && said.ends_with(&format!(": sudo {fix} {file}")), "{said}");
    };
    for mode in [0o640, 0o604, 0o620, 0o601, 0o666] {
        secrets.set_mode(mode);
        expect(&format!("gives access to other users (mode {mode:o})"), "chmod 600");
    }
    secrets.write("\nfirst\n");
    expect("has no password in its first line", "install -o root -m 600 /dev/stdin");
    chown(&path, Some(65534), None).unwrap();
    expect("belongs to nobody, not to root or root", &format!("chown root {file} && sudo chmod 600"));
    fs::remove_file(&path).unwrap();
    expect("cannot be read by root: No such file", "install -o root -m 600 /dev/stdin");
    fs::create_dir(&path).unwrap();
    expect("is not a regular file", "install -o root -m 600 /dev/stdin");
    fs::remove_dir(&path).unwrap();
    let other = secrets.0.path().join("other");
    fs::write(&other, "first\n").unwrap();
    symlink(&other, &path).unwrap();
    expect("is a symbolic link", &format!("cp -p --remove-destination {}", other.display()));
    fs::remove_file(&path).unwrap();
    make_pipe(&path);
    expect("is not a regular file", "install -o root -m 600 /dev/stdin");
}

fn make_pipe(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn the_environment_applies_without_other_settings() {
    let secrets = Secrets::new();
    let lamp = secrets.lamp();
    let checked = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = lamp.command();
        command.envs(variables.iter().copied()).args(arguments).arg("--check");
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let file = secrets.file();
    let file = file.to_str().unwrap();
    let variables = [("LAMPI_USERNAME", "lamp"), ("LAMPI_PASSWORD_FILE", file)];
    assert!(checked(&variables, &[]).contains(": accepts clients"));
    let said = checked(&variables, &["--username", "nobody"]);
    assert!(said.contains("the user name 'nobody' is wrong, or it requires a password too"), "{said}");
    let said = checked(&[("LAMPI_PASSWORD_FILE", file)], &[]);
    assert!(said.contains("LAMPI_PASSWORD_FILE is set without LAMPI_USERNAME"), "{said}");
    let said = checked(&[], &["--password-file", file]);
    assert!(said.contains("password-file is set without username"), "{said}");
    // A command line never has a password.
    let refused = service().args(["--password", "first"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}
