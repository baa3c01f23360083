// SPDX-License-Identifier: GPL-3.0-or-later
//! Help, version, usage errors, and a closed standard output.

use std::io::Read;
use std::process::Stdio;

use crate::{Lamp, lampi, run};

#[test]
fn prints_help_and_version() {
    let (status, help, errors) = run(&mut lampi(&["--help"]));
    assert_eq!((status, errors.as_str()), (Some(0), ""));
    for verb in [
        "status", "set", "get", "doctor", "start", "stop", "restart", "update", "disable", "enable", "logs",
        "bridge", "pwm",
    ] {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb} in {help}");
        let (status, help, errors) = run(&mut lampi(&[verb, "--help"]));
        assert_eq!((status, errors.as_str()), (Some(0), ""), "{verb}");
        assert!(help.contains(&format!("Usage: lampi {verb}")), "{help}");
    }
    let version = format!("lampi {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(run(&mut lampi(&["--version"])), (Some(0), version, String::new()));
}

#[test]
fn reports_usage_errors() {
    for (arguments, reason) in [
        (&[][..], "Usage: lampi <COMMAND>"),
        (&["state"], "unrecognized subcommand 'state'"),
        (&["set"], "required arguments were not provided"),
        (&["set", "--hue", "1.01"], "it must be a number from 0 to 1"),
        (&["set", "-u", "-0.01"], "it must be a number from 0 to 1"),
        (&["set", "-s", "NaN"], "it must be a number from 0 to 1"),
        (&["set", "--brightness", "bright"], "it must be a number from 0 to 1"),
        (&["set", "--brightness", "inf"], "it must be a number from 0 to 1"),
        (&["set", "--on", "--off"], "cannot be used with"),
        (&["set", "--color", "red", "--hue", "1"], "cannot be used with"),
        (&["set", "--color", "bright"], "it must be # and six hexadecimal digits, or one of red, orange"),
        (&["set", "--color", "#000000"], "--off makes the lamp dark"),
        (&["get", "--broker", "localhost"], "it must be HOST:PORT"),
        (&["disable"], "required arguments were not provided"),
        (&["disable", "lampui"], "invalid value 'lampui' for '<PROGRAM>...'"),
        (&["enable", "lampui"], "possible values: fbcp, pigpiod, lamp_service, lamp_ui"),
        (&["restart", "all"], "invalid value 'all' for '<PROGRAM>...'"),
        (&["doctor", "--yes"], "--fix"),
        (&["doctor", "--fix", "--json"], "cannot be used with"),
        (&["logs", "supervisord"], "invalid value 'supervisord'"),
        (&["logs", "--lines", "-1"], "'-1'"),
        (&["pwm"], "required arguments were not provided"),
        (&["pwm", "on"], "possible values: enable, disable, status"),
        (&["bridge"], "required arguments were not provided"),
        (&["bridge", "--host", "h", "--remove"], "cannot be used with"),
        (&["bridge", "--host", "h", "--port", "0"], "the port must be from 1 to 65535"),
        (&["bridge", "--host", "h", "--cafile", "f"], "--tls"),
        (&["bridge", "--host", "h", "--tls", "--certfile", "f"], "--keyfile"),
        (&["bridge", "--host", "h", "--password-file", "f"], "--username"),
    ] {
        let (status, output, errors) = run(&mut lampi(arguments));
        assert_eq!((status, output.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(errors.contains(reason), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_closed_standard_output_is_not_a_failure() {
    let lamp = Lamp::new();
    lamp.write("var/log/supervisor/fbcp.log", &"a line\n".repeat(100_000));
    let mut command = lampi(&["logs", "fbcp", "--lines", "100000", "--root"]);
    let mut child =
        command.arg(lamp.root.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 7];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
