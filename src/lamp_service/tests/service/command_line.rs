// SPDX-License-Identifier: GPL-3.0-or-later
//! Help, version, wrong calls.

use crate::service;

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
    for word in
        ["--broker", "localhost:1883", "--pigpiod", "PIGPIO_ADDR", "--state", "/var/lib/lampi/state.json"]
    {
        assert!(help.contains(word), "{word} in {help}");
    }
    let version = format!("lamp_service {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(call(&["--version"], &[]), (Some(0), version, String::new()));
}

#[test]
fn a_wrong_call_says_what_is_wrong() {
    for (arguments, reason) in [
        (&["--colour"][..], "unexpected argument '--colour'"),
        (&["now"], "unexpected argument 'now'"),
        (&["--broker"], "a value is required"),
        (&["--broker", "localhost"], "it must be a host, a colon and a port"),
        (&["--broker", ":1883"], "the host is missing"),
        (&["--pigpiod", "localhost:0"], "the port must be from 1 to 65535"),
        (&["--pigpiod", "::1:8888"], "an IPv6 address is written as [::1]:8888"),
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
fn a_folder_is_no_state_file() {
    let folder = tempfile::tempdir().unwrap();
    let (status, _, errors) = call(&["--state", folder.path().to_str().unwrap()], &[]);
    assert_eq!(status, Some(1));
    assert!(errors.contains("is not a regular file; give the name of a file"), "{errors}");
    assert!(folder.path().is_dir());
}
