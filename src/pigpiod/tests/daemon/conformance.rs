// SPDX-License-Identifier: GPL-3.0-or-later
//! The answers that all daemons have in common: pigpio's own on simulated registers, the simulated pins, and
//! the kernel's pins on the model. Debian's `pigs` checks the results.

use std::io::Write;

use pigpio::protocol::{Message, number};
use pigpio::{Client, Command, Error, ErrorCode, Mode, Pull};
use test_support::{Pigpiod, pigs};

use crate::model::{Daemon, Kernels, PATIENCE};
use crate::wire::Wire;

/// Runs a test with the port of each daemon.
fn with_all(test: impl Fn(u16)) {
    let real = Pigpiod::start();
    println!("pigpio's own daemon");
    test(real.port());
    println!("simulated pins");
    test(pigpiod::simulated::start(|_| {}).unwrap().port());
    println!("the kernel's pins");
    test(Daemon::start(&Kernels::with_leds()).port);
}

fn connect(port: u16) -> Client {
    Client::connect("localhost", port, PATIENCE).unwrap()
}

#[test]
fn sets_three_leds_in_one_round_trip() {
    with_all(|port| {
        let mut client = connect(port);
        for pin in programs::pins::LEDS {
            let results = client
                .run(&[
                    Command::SetMode(pin, Mode::Output),
                    Command::SetFrequency(pin, 1000),
                    Command::SetRange(pin, 1000),
                ])
                .unwrap();
            assert_eq!(results, [0, 1000, 200], "real frequency and real levels");
        }
        let duties =
            [Command::SetDutyCycle(19, 777), Command::SetDutyCycle(26, 0), Command::SetDutyCycle(13, 1000)];
        assert_eq!(client.run(&duties).unwrap(), [0; 3]);
        let asked = [Command::DutyCycle(19), Command::DutyCycle(26), Command::DutyCycle(13)];
        assert_eq!(client.run(&asked).unwrap(), [777, 0, 1000]);
        for (question, answer) in [
            ("gdc 19", 777),
            ("gdc 26", 0),
            ("gdc 13", 1000),
            ("mg 19", 1),
            ("pfg 26", 1000),
            ("prg 13", 1000),
        ] {
            assert_eq!(pigs(port, question), Some(answer), "{question}");
        }
    });
}

#[test]
fn report_their_version_and_read_a_button() {
    with_all(|port| {
        let mut client = connect(port);
        assert_eq!(client.run(&[Command::Version]).unwrap(), [78]);
        let [revision] = client.run(&[Command::HardwareRevision]).unwrap();
        assert_ne!(revision, 0);
        let asked = [Command::SetMode(17, Mode::Input), Command::SetPull(17, Pull::Up), Command::Read(17)];
        assert_eq!(client.run(&asked).unwrap(), [0, 0, 1], "at rest");
        assert_eq!(Wire::connect(port).ask([number::BR1, 0, 0]) & 1 << 17, 1 << 17);
        assert!(pigs(port, "t").is_some(), "the time");
        connect(port).reports(1 << 17).unwrap();
    });
}

#[test]
fn pins_have_defaults_and_keep_their_settings() {
    with_all(|port| {
        let mut client = connect(port);
        let asked = [Command::Range(13), Command::Frequency(13), Command::RealRange(13)];
        assert_eq!(client.run(&asked).unwrap(), [255, 800, 250]);
        client.run(&[Command::SetDutyCycle(13, 51)]).unwrap();
        assert_eq!(pigs(port, "mg 13"), Some(1), "PWM makes an output");
        assert_eq!(client.run(&[Command::SetRange(13, 1000), Command::DutyCycle(13)]).unwrap(), [250, 200]);
        client.run(&[Command::SetMode(13, Mode::Output)]).unwrap();
        assert_eq!(client.run(&[Command::DutyCycle(13)]).unwrap(), [200], "it was an output already");
        client.run(&[Command::SetMode(13, Mode::Input)]).unwrap();
        assert_eq!(pigs(port, "mg 13"), Some(0));
        let error = client.run(&[Command::DutyCycle(13)]).unwrap_err();
        assert!(matches!(error, Error::Refused(_, ErrorCode::NOT_PWM_GPIO)), "{error}");
        for (asked, chosen) in
            [(0, 10), (30, 40), (31, 40), (449, 400), (450, 500), (900, 1000), (9999, 8000), (320, 320)]
        {
            let results = client.run(&[Command::SetFrequency(13, asked), Command::Frequency(13)]).unwrap();
            assert_eq!(results, [chosen; 2], "{asked} Hz");
            assert_eq!(client.run(&[Command::RealRange(13)]).unwrap(), [200_000 / chosen], "{asked} Hz");
        }
    });
}

#[test]
fn a_level_ends_pwm() {
    with_all(|port| {
        let mut wire = Wire::connect(port);
        assert_eq!(wire.ask([number::PWM, 26, 100]), 0);
        for level in [1, 0] {
            assert_eq!(wire.ask([number::WRITE, 26, level]), 0);
            assert_eq!(wire.ask([number::GDC, 26, 0]), ErrorCode::NOT_PWM_GPIO.0, "no PWM any more");
            assert_eq!(wire.ask([number::MODEG, 26, 0]), 1, "it is an output");
        }
        assert_eq!(wire.ask([number::WRITE, 26, 2]), ErrorCode::BAD_LEVEL.0);
        assert_eq!(wire.ask([number::PWM, 26, 255]), 0);
        assert_eq!(wire.ask([number::GDC, 26, 0]), 255);
    });
}

#[test]
fn refuse_invalid_commands_with_pigpios_codes() {
    with_all(|port| {
        let mut client = connect(port);
        for (command, code) in [
            (Command::SetMode(54, Mode::Output), ErrorCode::BAD_GPIO),
            (Command::SetPull(54, Pull::Up), ErrorCode::BAD_GPIO),
            (Command::Read(54), ErrorCode::BAD_GPIO),
            (Command::SetDutyCycle(54, 0), ErrorCode::BAD_USER_GPIO),
            (Command::SetRange(54, 1000), ErrorCode::BAD_USER_GPIO),
            (Command::SetFrequency(54, 1000), ErrorCode::BAD_USER_GPIO),
            // Only the pins of the header may be changed.
            (Command::SetMode(1, Mode::Output), ErrorCode::NOT_PERMITTED),
            (Command::SetMode(28, Mode::Output), ErrorCode::NOT_PERMITTED),
            (Command::SetPull(53, Pull::Up), ErrorCode::NOT_PERMITTED),
            (Command::SetDutyCycle(32, 0), ErrorCode::NOT_PERMITTED),
            (Command::SetRange(32, 7), ErrorCode::NOT_PERMITTED),
            (Command::SetFrequency(0, 1000), ErrorCode::NOT_PERMITTED),
            (Command::SetDutyCycle(13, 256), ErrorCode::BAD_DUTYCYCLE),
            (Command::SetRange(13, 24), ErrorCode::BAD_DUTYRANGE),
            (Command::SetRange(13, 40_001), ErrorCode::BAD_DUTYRANGE),
            (Command::Range(32), ErrorCode::BAD_USER_GPIO),
            (Command::Frequency(32), ErrorCode::BAD_USER_GPIO),
            (Command::RealRange(32), ErrorCode::BAD_USER_GPIO),
            (Command::DutyCycle(32), ErrorCode::BAD_USER_GPIO),
            (Command::DutyCycle(26), ErrorCode::NOT_PWM_GPIO),
            (Command::BeginReports(31, 1), ErrorCode::BAD_HANDLE),
            (Command::BeginReports(99, 1), ErrorCode::BAD_HANDLE),
        ] {
            match client.run(&[command, Command::Version]) {
                Err(Error::Refused(refused, number)) => {
                    assert_eq!((refused, number), (command, code));
                }
                other => panic!("{command:?}: {other:?}"),
            }
        }
        // The connection still works.
        client.run(&[Command::Version]).unwrap();
    });
}

#[test]
fn answer_requests_with_invalid_words() {
    with_all(|port| {
        let mut wire = Wire::connect(port);
        for (request, result) in [
            ([500, 1, 2], ErrorCode::UNKNOWN_COMMAND.0),
            ([number::MODES, 13, 8], ErrorCode::BAD_MODE.0),
            ([number::PUD, 13, 3], ErrorCode::BAD_PUD.0),
            ([number::PWM, 70_000, 0], ErrorCode::BAD_USER_GPIO.0),
            ([number::PWM, u32::MAX, 0], ErrorCode::BAD_USER_GPIO.0),
            ([number::READ, u32::MAX, 0], ErrorCode::BAD_GPIO.0),
            ([number::WRITE, 54, 1], ErrorCode::BAD_GPIO.0),
            ([number::WRITE, 13, u32::MAX], ErrorCode::BAD_LEVEL.0),
            ([number::NP, 5, 0], ErrorCode::BAD_HANDLE.0),
            ([number::NC, 5, 0], ErrorCode::BAD_HANDLE.0),
            ([number::NC, u32::MAX, 0], ErrorCode::BAD_HANDLE.0),
        ] {
            assert_eq!(wire.ask(request), result, "{request:?}");
        }
        assert_eq!(wire.ask_with([500, 1, 2], b"further bytes"), ErrorCode::UNKNOWN_COMMAND.0);
        assert_eq!(wire.ask([number::PIGPV, 0, 0]), 78, "the connection still works");
    });
}

#[test]
fn filters_have_limits() {
    with_all(|port| {
        let mut wire = Wire::connect(port);
        for (steady, result) in [(5000, 0), (300_000, 0), (300_001, ErrorCode::BAD_FILTER.0), (0, 0)] {
            assert_eq!(wire.ask([number::FG, 17, steady]), result, "glitches of {steady}");
        }
        for (steady, active, result) in [
            (5000, 1_000_000, 0),
            (300_001, 0, ErrorCode::BAD_FILTER.0),
            (1, 1_000_001, ErrorCode::BAD_FILTER.0),
            (0, 0, 0_i32),
        ] {
            let active: u32 = active;
            let answer = wire.ask_with([number::FN, 17, steady], &active.to_le_bytes());
            assert_eq!(answer, result, "noise of {steady} and {active}");
        }
        assert_eq!(wire.ask([number::FG, 32, 5]), ErrorCode::BAD_USER_GPIO.0);
        assert_eq!(wire.ask_with([number::FN, 54, 5], &[0; 4]), ErrorCode::BAD_USER_GPIO.0);
    });
}

#[test]
fn open_start_pause_and_end_reports() {
    with_all(|port| {
        let (mut reports, mut other) = (Wire::connect(port), Wire::connect(port));
        let handle = reports.ask([number::NOIB, 0, 0]);
        assert!(handle >= 0, "{handle}");
        let handle = handle.cast_unsigned();
        for (command, pins) in [(number::NB, 1 << 17), (number::NP, 0), (number::NB, 0), (number::NC, 0)] {
            assert_eq!(other.ask([command, handle, pins]), 0, "{command}");
        }
        for command in [number::NB, number::NP, number::NC] {
            assert_eq!(other.ask([command, handle, 0]), ErrorCode::BAD_HANDLE.0, "{command} after the end");
        }
    });
}

#[test]
fn reuse_the_limited_handles() {
    with_all(|port| {
        let mut wires: Vec<Wire> = (0..32).map(|_| Wire::connect(port)).collect();
        for wire in &mut wires {
            assert!(wire.ask([number::NOIB, 0, 0]) >= 0);
        }
        assert_eq!(Wire::connect(port).ask([number::NOIB, 0, 0]), ErrorCode::NO_HANDLE.0);
        drop(wires.pop());
        test_support::wait_for("a handle is free again", PATIENCE, || {
            (Wire::connect(port).ask([number::NOIB, 0, 0]) >= 0).then_some(())
        });
    });
}

#[test]
fn close_the_connection_after_an_extension_that_is_too_long() {
    with_all(|port| {
        let mut wire = Wire::connect(port);
        assert_eq!(wire.ask_with([500, 0, 0], &vec![0; 65_535]), ErrorCode::UNKNOWN_COMMAND.0, "the longest");
        let announced = Message { last: 65_536, ..Message::request(number::PIGPV, 0, 0) };
        wire.0.write_all(&announced.to_bytes()).unwrap();
        wire.await_end();
        assert_eq!(Wire::connect(port).ask([number::PIGPV, 0, 0]), 78, "others are served");
    });
}

#[test]
fn a_mask_forbids_changes_only() {
    // Only GPIO 13 may be changed.
    let real = Pigpiod::start_with(&["-g", "-l", "-x", "0x2000"]);
    let ours = Daemon::start_with(&Kernels::with_leds(), 0x2000);
    for port in [real.port(), ours.port] {
        let mut client = connect(port);
        client.run(&[Command::SetRange(13, 1000)]).unwrap();
        for (command, code) in [
            (Command::SetDutyCycle(13, 1001), ErrorCode::BAD_DUTYCYCLE),
            (Command::SetDutyCycle(19, 1), ErrorCode::NOT_PERMITTED),
            (Command::SetMode(26, Mode::Output), ErrorCode::NOT_PERMITTED),
            (Command::SetPull(17, Pull::Up), ErrorCode::NOT_PERMITTED),
            (Command::SetRange(13, 7), ErrorCode::BAD_DUTYRANGE),
            (Command::Read(99), ErrorCode::BAD_GPIO),
            (Command::DutyCycle(19), ErrorCode::NOT_PWM_GPIO),
        ] {
            match client.run(&[command, Command::SetDutyCycle(13, 7)]) {
                Err(Error::Refused(refused, number)) => {
                    assert_eq!((refused, number), (command, code));
                }
                other => panic!("{command:?}: {other:?}"),
            }
            assert_eq!(pigs(port, "gdc 13"), Some(7), "the rest of the batch after {command:?}");
            client.run(&[Command::SetDutyCycle(13, 0)]).unwrap();
        }
        assert_eq!(pigs(port, "prg 19"), Some(255), "reading is allowed");
    }
}
