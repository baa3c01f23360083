// SPDX-License-Identifier: GPL-3.0-or-later
//! The client against the real pigpiod and, as far as that knows its commands, the simulated one of demonstrations, with
//! Debian's `pigs` as the witness of what they did.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use pigpio::{Client, Command, Error, ErrorCode, Mode, Pull};
use test_support::{Pigpiod, pigs};

const PATIENCE: Duration = Duration::from_secs(5);

fn connect(pigpiod: &Pigpiod) -> Client {
    Client::connect("localhost", pigpiod.port(), PATIENCE).unwrap()
}

/// Runs a test with the port of the real daemon, and of the simulated one of demonstrations.
fn with_both(test: impl Fn(u16)) {
    let real = Pigpiod::start();
    println!("the real pigpiod");
    test(real.port());
    println!("the simulated pigpiod");
    test(simulated_pigpiod::start(|_| {}).unwrap().port());
}

#[test]
fn three_leds_in_one_round_trip() {
    with_both(|port| {
        let mut client = Client::connect("localhost", port, PATIENCE).unwrap();
        for pin in [19, 26, 13] {
            let results = client
                .run(&[
                    Command::SetMode(pin, Mode::Output),
                    Command::SetFrequency(pin, 1000),
                    Command::SetRange(pin, 1000),
                ])
                .unwrap();
            assert_eq!(results, [0, 1000, 200], "real frequency and real levels");
        }
        let results = client
            .run(&[
                Command::SetDutyCycle(19, 777),
                Command::SetDutyCycle(26, 0),
                Command::SetDutyCycle(13, 1000),
            ])
            .unwrap();
        assert_eq!(results, [0; 3]);
        assert_eq!(
            client.run(&[Command::DutyCycle(19), Command::DutyCycle(26), Command::DutyCycle(13)]).unwrap(),
            [777, 0, 1000]
        );
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
fn it_tells_its_version_and_reads_a_button() {
    with_both(|port| {
        let mut client = Client::connect("localhost", port, PATIENCE).unwrap();
        let [version] = client.run(&[Command::Version]).unwrap();
        assert!(version >= 60, "{version}");
        let results = client
            .run(&[Command::SetMode(17, Mode::Input), Command::SetPull(17, Pull::Up), Command::Read(17)])
            .unwrap();
        assert_eq!(results, [0, 0, 1], "at rest");
        let mut client = Client::connect("localhost", port, PATIENCE).unwrap();
        client.reports(1 << 17).unwrap();
    });
}

#[test]
fn pins_have_what_they_have_until_they_are_set() {
    with_both(|port| {
        let mut client = Client::connect("localhost", port, PATIENCE).unwrap();
        let asked = [Command::Range(5), Command::Frequency(5), Command::RealRange(5)];
        assert_eq!(client.run(&asked).unwrap(), [255, 800, 250]);
        client.run(&[Command::SetDutyCycle(5, 51)]).unwrap();
        assert_eq!(pigs(port, "mg 5"), Some(1), "PWM makes an output");
        assert_eq!(client.run(&[Command::SetRange(5, 1000), Command::DutyCycle(5)]).unwrap(), [250, 200]);
        client.run(&[Command::SetMode(5, Mode::Output)]).unwrap();
        assert_eq!(client.run(&[Command::DutyCycle(5)]).unwrap(), [200], "it was an output already");
        client.run(&[Command::SetMode(5, Mode::Input)]).unwrap();
        let error = client.run(&[Command::DutyCycle(5)]).unwrap_err();
        assert!(matches!(error, Error::Refused(_, ErrorCode(-92))), "{error}");
        for (asked, chosen) in
            [(0, 10), (30, 40), (31, 40), (449, 400), (450, 500), (900, 1000), (9999, 8000), (320, 320)]
        {
            let results = client.run(&[Command::SetFrequency(5, asked), Command::Frequency(5)]).unwrap();
            assert_eq!(results, [chosen; 2], "{asked} Hz");
            assert_eq!(client.run(&[Command::RealRange(5)]).unwrap(), [200_000 / chosen], "{asked} Hz");
        }
    });
}

#[test]
fn what_cannot_be_is_refused_with_pigpios_codes() {
    with_both(|port| {
        let mut client = Client::connect("localhost", port, PATIENCE).unwrap();
        for (command, code) in [
            (Command::SetMode(54, Mode::Output), -3),
            (Command::SetPull(54, Pull::Up), -3),
            (Command::Read(54), -3),
            (Command::SetDutyCycle(54, 0), -2),
            (Command::SetRange(54, 1000), -2),
            (Command::SetFrequency(54, 1000), -2),
            // Only the pins of the header may be changed.
            (Command::SetMode(1, Mode::Output), -41),
            (Command::SetMode(28, Mode::Output), -41),
            (Command::SetPull(53, Pull::Up), -41),
            (Command::SetDutyCycle(32, 0), -41),
            (Command::SetRange(32, 7), -41),
            (Command::SetFrequency(0, 1000), -41),
            (Command::SetDutyCycle(13, 256), -8),
            (Command::SetRange(13, 24), -21),
            (Command::SetRange(13, 40_001), -21),
            (Command::Range(32), -2),
            (Command::Frequency(32), -2),
            (Command::RealRange(32), -2),
            (Command::DutyCycle(32), -2),
            (Command::DutyCycle(5), -92),
            (Command::BeginReports(31, 1), -25),
        ] {
            match client.run(&[command, Command::Version]) {
                Err(Error::Refused(refused, ErrorCode(number))) => {
                    assert_eq!((refused, number), (command, code));
                }
                other => panic!("{command:?}: {other:?}"),
            }
        }
        // The connection is still in step.
        client.run(&[Command::Version]).unwrap();
    });
}

/// Words that the client never sends, so that they have to be sent by hand.
#[test]
fn what_is_no_command_is_answered_all_the_same() {
    with_both(|port| {
        let address = Client::connect("localhost", port, PATIENCE).unwrap().peer();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut ask = |[command, first, second]: [u32; 3], further: &[u8]| {
            let words = [command, first, second, further.len() as u32];
            let mut request: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            request.extend(further);
            stream.write_all(&request).unwrap();
            let mut reply = [0; 16];
            stream.read_exact(&mut reply).unwrap();
            assert_eq!(reply[..12], request[..12], "the request is repeated");
            i32::from_le_bytes([reply[12], reply[13], reply[14], reply[15]])
        };
        assert_eq!(ask([500, 1, 2], &[]), -88);
        assert_eq!(ask([0, 13, 8], &[]), -4);
        assert_eq!(ask([2, 13, 3], &[]), -6);
        assert_eq!(ask([5, 70_000, 0], &[]), -2);
        assert_eq!(ask([500, 1, 2], b"further bytes"), -88);
        assert!(ask([26, 0, 0], &[]) >= 60, "it is still in step");
    });
}

#[test]
fn it_tells_the_revision_of_the_pi() {
    let pigpiod = Pigpiod::start();
    assert_eq!(connect(&pigpiod).run(&[Command::HardwareRevision]).unwrap(), [0xa0_2082]);
}

#[test]
fn whichever_loopback_address_it_listens_on() {
    let pigpiod = Pigpiod::start_with(&["-g", "-l", "-n", "127.0.0.1"]);
    assert_eq!(connect(&pigpiod).peer().to_string(), format!("127.0.0.1:{}", pigpiod.port()));
    let pigpiod = Pigpiod::start_with(&["-g", "-l"]);
    assert_eq!(connect(&pigpiod).peer().to_string(), format!("[::1]:{}", pigpiod.port()));
}

#[test]
fn a_refusal_names_command_and_code_and_keeps_the_connection_in_step() {
    // Only GPIO 13 may be changed.
    let pigpiod = Pigpiod::start_with(&["-g", "-l", "-x", "0x2000"]);
    let mut client = connect(&pigpiod);
    client.run(&[Command::SetRange(13, 1000)]).unwrap();
    for (command, code) in [
        (Command::SetDutyCycle(13, 1001), -8),
        (Command::SetDutyCycle(19, 1), -41),
        (Command::SetRange(13, 7), -21),
        (Command::Read(99), -3),
        (Command::DutyCycle(5), -92),
    ] {
        match client.run(&[command, Command::SetDutyCycle(13, 7)]) {
            Err(Error::Refused(refused, ErrorCode(number))) => assert_eq!((refused, number), (command, code)),
            other => panic!("{command:?}: {other:?}"),
        }
        assert_eq!(pigpiod.duty_cycles([13]), [Some(7)], "the rest of the batch after {command:?}");
        client.run(&[Command::SetDutyCycle(13, 0)]).unwrap();
    }
}

#[test]
fn an_absent_a_vanished_and_a_frozen_daemon_are_told_apart() {
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
