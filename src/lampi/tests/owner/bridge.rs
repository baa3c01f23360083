// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi bridge`, between two real brokers.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use test_support::{Mosquitto, MqttObserver, PATIENCE, Pigpiod, QoS, free_port, wait_for};

use crate::{CHANGED, Lamp, SET_CONFIG, run, state};

const FILE: &str = "etc/mosquitto/conf.d/lampi_bridge.conf";

/// The lamp's ID on the other broker.
const DEVICE: &str = "b827eb08451e";

/// A lamp with mosquitto and a network card.
fn installed() -> Lamp {
    let lamp = Lamp::with(Mosquitto::absent(), Pigpiod::absent(&["-g"]));
    lamp.write("etc/mosquitto/mosquitto.conf", "# main\ninclude_dir /etc/mosquitto/conf.d\n");
    lamp.write("etc/mosquitto/conf.d/README", "");
    lamp.write("etc/group", "root:x:0:\nmosquitto:x:4242:\n");
    lamp.write("sys/class/net/eth0/address", "b8:27:eb:08:45:1e\n");
    lamp
}

impl Lamp {
    /// Starts the lamp's broker with the written configuration.
    fn start_broker(&mut self) {
        let directory = self.path("etc/mosquitto/conf.d");
        self.broker = Mosquitto::start_with(&format!("include_dir {}\n", directory.display()));
    }

    #[track_caller]
    fn bridge(&self, arguments: &[&str]) -> String {
        let (status, output, errors) = self.call(&[&["bridge"], arguments].concat());
        assert_eq!((status, errors.as_str()), (Some(0), ""), "{arguments:?}");
        output
    }

    /// The error of a command that fails and changes nothing.
    #[track_caller]
    fn refused(&self, arguments: &[&str]) -> String {
        let before = fs::read(self.path(FILE)).ok();
        let (status, output, errors) = self.call(&[&["bridge"], arguments].concat());
        assert_eq!((status, output.as_str()), (Some(1), ""), "{arguments:?}: {errors}");
        assert_eq!(fs::read(self.path(FILE)).ok(), before, "{arguments:?}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
        errors
    }

    /// Whether the lamp's broker reports that the bridge is connected.
    fn is_bridged(&self) -> bool {
        let (_, output, _) = self.ask(&["status", "--json", "--root", self.root.path().to_str().unwrap()]);
        let status: Value = serde_json::from_str(&output).unwrap();
        status["broker"]["bridges"][format!("{DEVICE}_broker")] == true
    }
}

/// The lamp can be observed and set on the other broker, on topics with the prefix `devices/ID/`.
#[track_caller]
fn assert_bridged(lamp: &Lamp, remote: &Mosquitto) {
    let far = |topic: &str| format!("devices/{DEVICE}/{topic}");
    wait_for("the bridge to be connected", PATIENCE, || lamp.is_bridged().then_some(()));
    let mut there = MqttObserver::connect(remote.port(), &["devices/#"]);
    let mut here = MqttObserver::connect(lamp.broker.port(), &["lamp/#"]);

    let published = state(0.5, 1.0, 1.0, true, "here");
    here.publish_with(CHANGED, QoS::AtLeastOnce, true, published.clone());
    let message = there.next(&far(CHANGED));
    assert_eq!((message.payload, message.qos), (published, QoS::AtLeastOnce));
    here.publish_with("lamp/connection/lamp_ui/state", QoS::ExactlyOnce, true, "1");
    assert_eq!(there.next(&far("lamp/connection/lamp_ui/state")).payload, "1");
    here.publish_with("lamp/bluetooth", QoS::AtLeastOnce, false, "x");
    assert_eq!(there.next(&far("lamp/bluetooth")).payload, "x");

    there.publish(&far(SET_CONFIG), r#"{"client": "there", "on": false}"#);
    let message = here.next(SET_CONFIG);
    assert_eq!(
        (message.payload.as_str(), message.qos),
        (r#"{"client": "there", "on": false}"#, QoS::AtLeastOnce)
    );
    there.publish_with(&far("lamp/associated"), QoS::ExactlyOnce, true, r#"{"associated": true}"#);
    let message = here.next("lamp/associated");
    assert_eq!((message.payload.as_str(), message.qos), (r#"{"associated": true}"#, QoS::ExactlyOnce));

    // No message is forwarded in a loop.
    there.publish(&far(SET_CONFIG), "last");
    here.next_where(SET_CONFIG, |message| message.payload == "last");
    let requests = here.messages().into_iter().filter(|message| message.topic == SET_CONFIG).count();
    assert_eq!(requests, 2);
}

#[test]
fn the_id_of_a_lamp_stays() {
    let lamp = installed();
    let prefix = |arguments: &[&str]| {
        let output = lamp.bridge(&[&["--host", "h"], arguments].concat());
        output.lines().next().unwrap().split("devices/").nth(1).unwrap().to_owned()
    };
    // The ID for Home Assistant and on the screen, if the network card that it is from is present.
    let kept = "id b827eb000002\ncard b827eb000002\n";
    lamp.write("var/lib/lampi/device-id", kept);
    assert_eq!(prefix(&[]), format!("{DEVICE}/"));
    lamp.bridge(&["--remove"]);
    lamp.write("var/lib/lampi/device-id", &format!("{kept}card {DEVICE}\n"));
    assert_eq!(prefix(&[]), "b827eb000002/");
    // The ID on the other broker.
    assert_eq!(prefix(&["--device-id", "lamp-1"]), "lamp-1/");
    assert_eq!(prefix(&[]), "lamp-1/");
    lamp.bridge(&["--remove"]);
    // On a copy of the card in another board.
    prefix(&["--device-id", "b827eb000002"]);
    fs::remove_file(lamp.path("var/lib/lampi/device-id")).unwrap();
    assert_eq!(prefix(&[]), format!("{DEVICE}/"));
    lamp.bridge(&["--remove"]);
    // The file belongs to the lamp's user, who can write anything to it.
    for content in ["id ../../etc/cron\n", "id b827eb000002\ntopic # both\n"] {
        lamp.write("var/lib/lampi/device-id", content);
        assert_eq!(prefix(&[]), format!("{DEVICE}/"));
        lamp.bridge(&["--remove"]);
    }
}

#[test]
fn bridges_the_lamp_to_another_broker() {
    let mut lamp = installed();
    let remote = Mosquitto::start();
    let output = lamp.bridge(&["--host", "127.0.0.1", "--port", &remote.port().to_string()]);
    let file = lamp.path(FILE);
    assert_eq!(
        output,
        format!(
            "wrote {}; on the other broker, the lamp's topics start with devices/{DEVICE}/\n\
             to connect, run: sudo systemctl restart mosquitto\n\
             to check the connection, run: lampi status\n",
            file.display()
        )
    );
    // Only root and mosquitto's own user can read it.
    assert_eq!(lamp.access(FILE), (0o640, 0, 4242));
    lamp.start_broker();
    assert_bridged(&lamp, &remote);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 2, "no temporary file is left");

    let output = lamp.bridge(&["--remove"]);
    assert_eq!(
        output,
        format!(
            "removed {}; to disconnect from the other broker, run: sudo systemctl restart mosquitto\n",
            file.display()
        )
    );
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    assert_eq!(
        lamp.bridge(&["--remove"]),
        format!("there is no bridge to remove: {} does not exist\n", file.display())
    );
}

#[test]
fn passes_the_password_unchanged() {
    let mut lamp = installed();
    let passwords = lamp.path("passwords");
    let password = r#"a "b" #c; \d é"#;
    let made = run(Command::new("mosquitto_passwd")
        .arg("-c")
        .arg("-b")
        .arg(&passwords)
        .args(["lamp one", password]));
    assert_eq!(made.0, Some(0), "{made:?}");
    // The broker accepts clients without a user name, and rejects a wrong password.
    let remote = Mosquitto::start_with(&format!("password_file {}\n", passwords.display()));
    let port = remote.port().to_string();
    lamp.write("secret", &format!("{password}\n"));
    let secret = lamp.path("secret");
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    lamp.bridge(&[
        "--host",
        "127.0.0.1",
        "--port",
        &port,
        "--username",
        "lamp one",
        "--password-file",
        secret.to_str().unwrap(),
    ]);
    lamp.start_broker();
    assert_bridged(&lamp, &remote);
}

/// Creates a certificate `NAME.crt` and its key `NAME.key`, signed by `by`.
fn certificate(directory: &Path, name: &str, by: Option<&str>) {
    let mut command = Command::new("openssl");
    command.current_dir(directory).args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ]);
    command.args(["-days", "2", "-subj", &format!("/CN={name}"), "-addext", "subjectAltName=DNS:localhost"]);
    command.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")]);
    if let Some(by) = by {
        command.args([
            "-CA",
            &format!("{by}.crt"),
            "-CAkey",
            &format!("{by}.key"),
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ]);
    }
    let (status, _, errors) = run(&mut command);
    assert_eq!(status, Some(0), "{errors}");
}

#[test]
fn both_brokers_verify_each_other_by_certificates() {
    let mut lamp = installed();
    let directory = lamp.path("certificates here");
    fs::create_dir(&directory).unwrap();
    certificate(&directory, "authority", None);
    certificate(&directory, "remote", Some("authority"));
    certificate(&directory, "lamp", Some("authority"));
    let file = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let port = free_port();
    let remote = Mosquitto::start_with(&format!(
        "listener {port} localhost\ncafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\n",
        file("authority.crt"),
        file("remote.crt"),
        file("remote.key")
    ));
    let [authority, certificate, key] = ["authority.crt", "lamp.crt", "lamp.key"].map(file);
    let tls = ["--tls", "--cafile", &authority, "--certfile", &certificate, "--keyfile", &key];
    lamp.bridge(&[&["--host", "localhost", "--port", &port.to_string()], &tls[..]].concat());
    lamp.start_broker();
    assert_bridged(&lamp, &remote);
}

#[test]
fn keeps_a_file_that_it_did_not_write() {
    let lamp = installed();
    lamp.write(FILE, "# mine\nconnection elsewhere\n");
    lamp.write(&format!("{FILE}.dpkg-bak"), "older\n");
    let kept = format!("{FILE}.dpkg-bak.1");
    let message = format!(
        "lampi did not write {}; it is kept as {}\n",
        lamp.path(FILE).display(),
        lamp.path(&kept).display()
    );
    assert!(lamp.bridge(&["--host", "a.example"]).starts_with(&message));
    assert_eq!(lamp.read(&kept), "# mine\nconnection elsewhere\n");
    assert_eq!(lamp.read(&format!("{FILE}.dpkg-bak")), "older\n");
    assert!(lamp.read(FILE).contains("\naddress a.example:1883\n"));

    // A file that it wrote is replaced.
    lamp.write("etc/ssl/certs/authority.pem", "");
    assert!(!lamp.bridge(&["--host", "b.example", "--tls"]).contains("kept"));
    assert!(lamp.read(FILE).contains("\naddress b.example:8883\n"));
    assert!(lamp.read(FILE).contains("\nbridge_capath /etc/ssl/certs\n"));
    assert!(!lamp.path(&format!("{FILE}.dpkg-bak.2")).exists());

    lamp.write(FILE, "# mine again\n");
    assert!(
        lamp.bridge(&["--remove"])
            .contains(&format!("it is kept as {}", lamp.path(&format!("{FILE}.dpkg-bak.2")).display()))
    );
    assert!(!lamp.path(FILE).exists());
}

#[test]
fn rejects_a_bridge_that_cannot_work_and_changes_nothing() {
    let lamp = installed();
    let path = |name: &str| lamp.path(name).to_str().unwrap().to_owned();
    for (name, content) in [
        ("cert", "-----BEGIN CERTIFICATE-----\n"),
        ("key", "-----BEGIN PRIVATE KEY-----\n"),
        ("locked", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"),
        ("text", "hello\n"),
        ("empty", ""),
        ("blank", " secret\n"),
    ] {
        lamp.write(name, content);
    }
    for name in ["empty", "blank"] {
        fs::set_permissions(lamp.path(name), Permissions::from_mode(0o600)).unwrap();
    }
    let [cert, key, locked, text, empty, blank] =
        ["cert", "key", "locked", "text", "empty", "blank"].map(path);
    for (arguments, reason) in [
        (&["--host", "a b"][..], "--host: 'a b' is not a host name or an IP address"),
        (&["--host", "h\nlistener 1"], r"--host: 'h\nlistener 1' is not a host name"),
        (&["--host", ""], "--host: '' is not a host name"),
        (&["--host", "mqtt://h"], "is not a host name"),
        (&["--host", "h", "--device-id", "a/b"], "'a/b' is not a valid ID of the lamp"),
        (&["--host", "h", "--username", " me"], "--username must not be empty"),
        (
            &["--host", "h", "--username", "me", "--password-file", "/nonexistent"],
            "the password file /nonexistent cannot be read by root: No such file",
        ),
        (
            &["--host", "h", "--username", "me", "--password-file", &empty],
            "empty has no password in its first line",
        ),
        (
            &["--host", "h", "--username", "me", "--password-file", &text],
            "text gives access to other users (mode 644)",
        ),
        (
            &["--host", "h", "--username", "me", "--password-file", &blank],
            "blank must not be empty, start or end with",
        ),
        (&["--host", "h", "--tls"], "contains no CA certificates"),
        (&["--host", "h", "--tls", "--cafile", "/nonexistent"], "--cafile: cannot read"),
        (&["--host", "h", "--tls", "--cafile", &text], "text contains no certificate in PEM"),
        (
            &["--host", "h", "--tls", "--cafile", &cert, "--certfile", &cert, "--keyfile", &cert],
            "--keyfile: ",
        ),
        (
            &["--host", "h", "--tls", "--cafile", &cert, "--certfile", &cert, "--keyfile", &locked],
            "is encrypted with a password",
        ),
        (&["--host", "h", "--tls", "--cafile", &cert, "--certfile", &key, "--keyfile", &key], "--certfile: "),
    ] {
        let error = lamp.refused(arguments);
        assert!(error.starts_with("lampi: ") && error.contains(reason), "{arguments:?}: {error}");
    }

    let host = &["--host", "h"];
    lamp.write("etc/mosquitto/conf.d/other.conf", &format!("connection  {DEVICE}_broker\n"));
    assert!(lamp.refused(host).contains(&format!("other.conf already has a connection {DEVICE}_broker")));
    fs::remove_file(lamp.path("etc/mosquitto/conf.d/other.conf")).unwrap();
    lamp.write("etc/mosquitto/mosquitto.conf", "# include_dir /etc/mosquitto/conf.d\n");
    assert!(lamp.refused(host).contains("mosquitto.conf: include_dir /etc/mosquitto/conf.d"));
    fs::remove_file(lamp.path("sys/class/net/eth0/address")).unwrap();
    assert!(lamp.refused(host).contains("set the ID with --device-id"));
    lamp.write("etc/group", "root:x:0:\n");
    assert!(lamp.refused(&["--host", "h", "--device-id", "d"]).contains("sudo apt install mosquitto"));

    let error = crate::as_nobody(lamp.root.path(), &["bridge", "--remove"]).2;
    assert_eq!(error, "lampi: this needs root; run it again with sudo\n");
}
