// SPDX-License-Identifier: GPL-3.0-or-later
//! Help, version and usage errors.

use crate::{CHANGED, CONNECTION, Lamp, NEW, SET_CONFIG, service};

/// Status, standard output, standard error.
fn call(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let output = service().args(arguments).envs(environment.iter().copied()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn help_and_version() {
    let (status, help, errors) = call(&["--help"], &[]);
    assert_eq!((status, errors.as_str()), (Some(0), ""));
    for word in [
        "--broker",
        "localhost:1883",
        "--pigpiod",
        "PIGPIO_ADDR",
        "--state",
        "/var/lib/lampi/state.json",
        "--restore",
        "--transition",
        "--gamma",
        "--frequency",
        "200 Hz: 1000 levels",
        "--home-assistant",
        "--settings",
        "/etc/lampi/lamp_service.conf",
        "--check",
        "SIGHUP",
    ] {
        assert!(help.contains(word), "{word} in {help}");
    }
    let version = format!("lamp_service {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(call(&["--version"], &[]), (Some(0), version, String::new()));
}

#[test]
fn reports_usage_errors() {
    for (arguments, reason) in [
        (&["--colour"][..], "unexpected argument '--colour'"),
        (&["now"], "unexpected argument 'now'"),
        (&["--broker"], "a value is required"),
        (&["--broker", "localhost"], "it must be HOST:PORT"),
        (&["--broker", ":1883"], "the host is missing"),
        (&["--pigpiod", "localhost:0"], "the port must be from 1 to 65535"),
        (&["--pigpiod", "::1:8888"], "an IPv6 address needs brackets, as in [::1]:8888"),
    ] {
        let (status, output, errors) = call(arguments, &[]);
        assert_eq!((status, output.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(errors.contains(reason), "{arguments:?}: {errors}");
    }
    let (status, output, errors) = call(&[], &[("PIGPIO_PORT", "http")]);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert_eq!(
        errors,
        "lamp_service: the environment variable PIGPIO_PORT is \"http\": the port must be from 1 to 65535\n"
    );
}

#[test]
fn reports_a_wrong_settings_file_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings");
    std::fs::write(&file, "transition = long\n").unwrap();
    let (status, output, errors) = call(&["--settings", file.to_str().unwrap()], &[]);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert_eq!(
        errors,
        format!(
            "lamp_service: {}: invalid value 'long' for '--transition <SECONDS>': it must be a number from 0 to 60\n",
            file.display()
        )
    );
}

#[test]
fn check_reports_each_requirement() {
    let mut lamp = Lamp::new();
    let (mut service, mut observer) = lamp.start_and_watch();
    lamp.await_kept(NEW);
    let check = |lamp: &Lamp| {
        let output = lamp.command().arg("--check").output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    // The lamp's user owns the directory and may have left a trap for root.
    let precious = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&precious, "root's").unwrap();
    std::os::unix::fs::symlink(&precious, lamp.folder.path().join("state.json.check")).unwrap();
    let (status, output, errors) = check(&lamp);
    assert_eq!((status, errors.as_str()), (Some(0), ""), "{output}");
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "root's");
    for line in [
        "ok     settings in /nonexistent/lamp_service.conf: does not exist; the defaults apply\n".to_owned(),
        format!("ok     state in {}: {NEW}\n", lamp.state_file().display()),
        format!("ok     pigpiod {}: version ", lamp.pigpiod.address()),
        format!("ok     MQTT broker {}: accepts clients\n", lamp.broker.address()),
    ] {
        assert!(output.contains(&line), "{line:?} in {output}");
    }
    // The running lamp was not disturbed, and no file remains.
    observer.publish(SET_CONFIG, r#"{"client": "sentinel"}"#);
    observer.next_where(CHANGED, |message| message.payload.contains("sentinel"));
    let connections = observer.messages().into_iter().filter(|message| message.topic == CONNECTION).count();
    assert_eq!(connections, 1);
    assert!(service.terminate().success());
    let mut names: Vec<_> =
        std::fs::read_dir(lamp.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    // A file of the service, if it found a network interface.
    names.retain(|name| name != "device-id");
    assert_eq!(names, ["state.json"]);

    lamp.broker.stop();
    lamp.pigpiod.stop();
    std::fs::write(lamp.state_file(), "{").unwrap();
    let (status, output, errors) = check(&lamp);
    assert_eq!(status, Some(1));
    assert_eq!(errors, "lamp_service: found 3 problems\n");
    for (what, reason) in [
        ("state in", "cannot read the state: it is not a state"),
        ("pigpiod", "cannot connect to pigpiod"),
        ("MQTT broker", "Connection refused"),
    ] {
        let line = output.lines().find(|line| line.starts_with(&format!("WRONG  {what}")));
        assert!(line.is_some_and(|line| line.contains(reason)), "{what}: {output}");
    }
    assert_eq!(lamp.kept().as_deref(), Some("{"), "a check changes nothing");
}
