// SPDX-License-Identifier: GPL-3.0-or-later
//! The client with the real pigpiod; Debian's `pigs` checks the result. src/pigpiod tests the answers that
//! all daemons have in common.

use std::time::Duration;

use pigpio::{Client, Command, Error, ErrorCode};
use test_support::Pigpiod;

const PATIENCE: Duration = Duration::from_secs(5);

fn connect(pigpiod: &Pigpiod) -> Client {
    Client::connect("localhost", pigpiod.port(), PATIENCE).unwrap()
}

#[test]
fn reads_the_revision_of_the_pi() {
    let pigpiod = Pigpiod::start();
    assert_eq!(connect(&pigpiod).run(&[Command::HardwareRevision]).unwrap(), [0xa0_2082]);
}

#[test]
fn connects_to_either_loopback_address() {
    let pigpiod = Pigpiod::start_with(&["-g", "-l", "-n", "127.0.0.1"]);
    assert_eq!(connect(&pigpiod).peer().to_string(), format!("127.0.0.1:{}", pigpiod.port()));
    let pigpiod = Pigpiod::start_with(&["-g", "-l"]);
    assert_eq!(connect(&pigpiod).peer().to_string(), format!("[::1]:{}", pigpiod.port()));
}

#[test]
fn an_error_names_command_and_code_and_keeps_the_connection() {
    // Only GPIO 13 may be changed.
    let pigpiod = Pigpiod::start_with(&["-g", "-l", "-x", "0x2000"]);
    let mut client = connect(&pigpiod);
    client.run(&[Command::SetRange(13, 1000)]).unwrap();
    for (command, code) in [
        (Command::SetDutyCycle(13, 1001), ErrorCode::BAD_DUTYCYCLE),
        (Command::SetDutyCycle(19, 1), ErrorCode::NOT_PERMITTED),
        (Command::SetRange(13, 7), ErrorCode::BAD_DUTYRANGE),
        (Command::Read(99), ErrorCode::BAD_GPIO),
        (Command::DutyCycle(5), ErrorCode::NOT_PWM_GPIO),
    ] {
        match client.run(&[command, Command::SetDutyCycle(13, 7)]) {
            Err(Error::Refused(refused, number)) => assert_eq!((refused, number), (command, code)),
            other => panic!("{command:?}: {other:?}"),
        }
        assert_eq!(pigpiod.duty_cycles([13]), [Some(7)], "the rest of the batch after {command:?}");
        client.run(&[Command::SetDutyCycle(13, 0)]).unwrap();
    }
}

#[test]
fn reports_an_absent_a_stopped_and_a_frozen_daemon() {
    let mut pigpiod = Pigpiod::absent(&["-g", "-l"]);
    let error = Client::connect("localhost", pigpiod.port(), PATIENCE).unwrap_err().to_string();
    assert!(error.starts_with("cannot connect to pigpiod: ") && error.contains("[::1]"), "{error}");
    assert!(error.contains("127.0.0.1") && error.contains("refused"), "{error}");

    pigpiod.restart();
    let mut client = connect(&pigpiod);
    client.run(&[Command::Version]).unwrap();
    pigpiod.stop();
    let error = client.run(&[Command::Version]).unwrap_err();
    assert!(matches!(error, Error::Lost(..)), "{error:?}");

    pigpiod.restart();
    pigpiod.freeze();
    let mut client = Client::connect("localhost", pigpiod.port(), Duration::from_millis(200)).unwrap();
    let error = client.run(&[Command::Version]).unwrap_err().to_string();
    assert!(error.ends_with("does not answer"), "{error}");
}
