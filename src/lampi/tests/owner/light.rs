// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi set` and `lampi get`.

use std::cell::RefCell;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use test_support::{Mosquitto, MqttObserver, PATIENCE, Pigpiod, QoS, TcpProxy, wait_for};

use crate::{CHANGED, CONNECTION, Lamp, PINS, SET_CONFIG, lampi, run, state};

fn fine(output: &str) -> (Option<i32>, String, String) {
    (Some(0), output.to_owned(), String::new())
}

#[test]
fn sets_and_shows_the_light() {
    let lamp = Lamp::new();
    let (_service, mut observer) = lamp.serve();
    assert_eq!(lamp.ask(&["get"]), fine("Hue: 1.0 Saturation: 1.0 Brightness: 1.0 On: true\n"));

    for (arguments, requested, expected, duty) in [
        (
            &["--hue", "0.29", "--saturation", "0.57", "--brightness", "0.58"][..],
            r#""color": {"h": 0.29, "s": 0.57}, "brightness": 0.58"#,
            (0.29, 0.57, 0.58, true),
            [335, 580, 249],
        ),
        (&["-b", "1"], r#""brightness": 1.0"#, (0.29, 0.57, 1.0, true), [578, 1000, 430]),
        (&["--off"], r#""on": false"#, (0.29, 0.57, 1.0, false), [0, 0, 0]),
        (&["--color", "blue"], r#""color": {"h": 0.67, "s": 1.0}"#, (0.67, 1.0, 1.0, false), [0, 0, 0]),
        // A request has both hue and saturation, or neither.
        (
            &["--on", "-u", "0.333333"],
            r#""color": {"h": 0.33, "s": 1.0}, "on": true"#,
            (0.33, 1.0, 1.0, true),
            [20, 1000, 0],
        ),
        (
            &["--color", "#ff0000", "--brightness", "-0.0"],
            r#""color": {"h": 0.0, "s": 1.0}, "brightness": 0.0"#,
            (0.0, 1.0, 0.0, true),
            [0, 0, 0],
        ),
        (
            &["-s", "0", "-b", "0.5"],
            r#""color": {"h": 0.0, "s": 0.0}, "brightness": 0.5"#,
            (0.0, 0.0, 0.5, true),
            [500, 500, 500],
        ),
    ] {
        let arguments = [&["set"], arguments].concat();
        assert_eq!(lamp.ask(&arguments), fine(""), "{arguments:?}");
        // Only the given fields, QoS 1, not retained, with its own client ID.
        let request = observer.next(SET_CONFIG);
        let (begin, client) = request.payload.split_once(r#", "client": ""#).unwrap();
        assert_eq!(
            (begin, request.qos, request.retained),
            (format!("{{{requested}").as_str(), QoS::AtLeastOnce, false)
        );
        let client = client.strip_suffix("\"}").unwrap();
        assert!(client.starts_with("lamp_cmd_"), "{client}");
        // The command returned after the confirmation.
        let (hue, saturation, brightness, on) = expected;
        let expected = state(hue, saturation, brightness, on, client);
        assert_eq!(lamp.ask(&["get", "--json"]), fine(&format!("{expected}\n")));
        wait_for(&format!("{arguments:?} to reach the LEDs"), PATIENCE, || {
            (lamp.pigpiod.duty_cycles(PINS) == duty.map(Some)).then_some(())
        });
    }
    // The command publishes nothing else.
    let others: Vec<_> = observer
        .messages()
        .into_iter()
        .filter(|message| ![SET_CONFIG, CHANGED, CONNECTION].contains(&message.topic.as_str()))
        .collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn accepts_many_calls_at_the_same_time() {
    let lamp = Lamp::new();
    let (_service, _observer) = lamp.serve();
    let mut calls: Vec<_> = (0..8)
        .map(|number| {
            let mut command =
                lampi(&["set", "--hue", &format!("0.{number}"), "--broker", &lamp.broker.address()]);
            command.stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    while let Some(call) = calls.pop() {
        let output = call.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Makes all calls at the same time, with the broker at an address. Each must succeed.
#[track_caller]
fn at_once(address: &str, calls: &[Vec<String>]) {
    let call = |arguments: &Vec<String>| {
        let mut command = lampi(&["set", "--broker", address]);
        command.args(arguments).stderr(Stdio::piped()).spawn().unwrap()
    };
    let calls: Vec<_> = calls.iter().map(call).collect();
    for call in calls {
        let output = call.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The lamp's state after all earlier requests, as JSON text without its client.
fn state_at_the_end(observer: &mut MqttObserver) -> String {
    static SENTINELS: AtomicUsize = AtomicUsize::new(0);
    let sentinel = format!(r#""client": "sentinel {}""#, SENTINELS.fetch_add(1, Ordering::Relaxed));
    observer.publish(SET_CONFIG, format!("{{{sentinel}}}"));
    let message = observer.next_where(CHANGED, |message| message.payload.contains(&sentinel));
    message.payload.split_once(r#", "client""#).unwrap().0.to_owned()
}

/// Values of all fields, in the order of a state.
type Values = (u8, u8, u8, bool);

/// Arguments of calls that change one field each, for the chosen fields.
fn single(values: Values, chosen: [bool; 4]) -> Vec<Vec<String>> {
    let hundredths =
        |option: &str, value: u8| vec![option.to_owned(), (f64::from(value) / 100.0).to_string()];
    let (hue, saturation, brightness, on) = values;
    let calls = [
        hundredths("--hue", hue),
        hundredths("--saturation", saturation),
        hundredths("--brightness", brightness),
        vec![if on { "--on" } else { "--off" }.to_owned()],
    ];
    calls.into_iter().zip(chosen).filter_map(|(call, is_chosen)| is_chosen.then_some(call)).collect()
}

fn shown((hue, saturation, brightness, on): Values) -> String {
    let [hue, saturation, brightness] =
        [hue, saturation, brightness].map(|hundredths| f64::from(hundredths) / 100.0);
    state(hue, saturation, brightness, on, "").split_once(r#", "client""#).unwrap().0.to_owned()
}

#[test]
fn loses_neither_of_two_calls_at_the_same_time() {
    for delay in [0, 10] {
        let lamp = Lamp::new();
        let (_service, mut observer) = lamp.serve();
        let proxy = TcpProxy::to(lamp.broker.port());
        proxy.slow_down(Duration::from_millis(delay));
        let mut now = (100, 100, 100, true);
        for round in 0..20 {
            let new = (round * 4, 90 - round, 10 + round, round % 2 == 1);
            for (chosen, then) in [
                ([true, false, true, false], (new.0, now.1, new.2, now.3)),
                ([false, true, false, true], (new.0, new.1, new.2, new.3)),
                // Halves of one colour.
                ([true, true, false, false], (new.0 + 1, new.1 + 1, new.2, new.3)),
            ] {
                at_once(&proxy.address(), &single(then, chosen));
                assert_eq!(state_at_the_end(&mut observer), shown(then), "{chosen:?}, {delay} ms");
                now = then;
            }
        }
    }
}

#[test]
fn loses_no_call_of_any_set_at_the_same_time() {
    let lamp = Lamp::new();
    let (_service, observer) = lamp.serve();
    let observer = RefCell::new(observer);
    let proxy = TcpProxy::to(lamp.broker.port());
    let values = || (0..=100_u8, 0..=100_u8, 0..=100_u8, any::<bool>());
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    runner
        .run(&(values(), values(), any::<[bool; 4]>(), 0..30_u64), |(before, new, chosen, delay)| {
            proxy.slow_down(Duration::from_millis(delay));
            at_once(&proxy.address(), &[single(before, [true; 4]).concat()]);
            at_once(&proxy.address(), &single(new, chosen));
            let [hue, saturation, brightness, on] = chosen;
            let wanted = (
                if hue { new.0 } else { before.0 },
                if saturation { new.1 } else { before.1 },
                if brightness { new.2 } else { before.2 },
                if on { new.3 } else { before.3 },
            );
            prop_assert_eq!(state_at_the_end(&mut observer.borrow_mut()), shown(wanted));
            Ok(())
        })
        .unwrap();
}

#[test]
fn reports_why_the_lamp_does_not_respond() {
    // No broker.
    let lamp = Lamp::with(Mosquitto::absent(), Pigpiod::absent(&["-g"]));
    let address = lamp.broker.address();
    for arguments in [&["get"][..], &["set", "--on"]] {
        let (status, output, errors) = lamp.ask(arguments);
        assert_eq!((status, output.as_str()), (Some(1), ""));
        assert!(
            errors.starts_with(&format!("lampi: cannot connect to the MQTT broker {address}: ")),
            "{errors}"
        );
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }

    // lamp_service has never connected.
    let mut lamp = Lamp::new();
    let address = lamp.broker.address();
    let start = Instant::now();
    assert_eq!(
        lamp.ask(&["set", "--on"]),
        (
            Some(1),
            String::new(),
            format!(
                "lampi: the MQTT broker {address} did not send the lamp's state within 5 s: \
                 lamp_service has never connected to the broker; run: sudo lampi status\n"
            )
        )
    );
    assert!(start.elapsed() < PATIENCE);

    // lamp_service has disconnected.
    let (mut service, mut observer) = lamp.serve();
    service.kill();
    observer.next_where(CONNECTION, |message| message.payload == "0");
    assert_eq!(lamp.ask(&["get"]), fine("Hue: 1.0 Saturation: 1.0 Brightness: 1.0 On: true\n"));
    assert_eq!(
        lamp.ask(&["set", "--off"]),
        (
            Some(1),
            String::new(),
            "lampi: lamp_service did not confirm the change within 5 s: \
             lamp_service is not connected to the broker; run: sudo lampi status\n"
                .into()
        )
    );

    // The retained message is not a state.
    observer.publish_with(CHANGED, QoS::AtLeastOnce, true, "{}");
    observer.next_where(CHANGED, |message| message.payload == "{}");
    let (status, _, errors) = lamp.ask(&["get"]);
    assert_eq!(status, Some(1));
    assert!(errors.starts_with("lampi: the payload on lamp/changed is not a lamp state: "), "{errors}");

    // The broker does not respond.
    lamp.broker.freeze();
    let (status, _, errors) = lamp.ask(&["get"]);
    lamp.broker.thaw();
    assert_eq!(status, Some(1));
    assert!(errors.starts_with(&format!("lampi: the MQTT broker {address}")), "{errors}");
    lamp.broker.stop();
}

#[test]
fn lamp_cmd_accepts_and_prints_what_the_course_s_program_does() {
    let lamp = Lamp::new();
    let (_service, mut observer) = lamp.serve();
    let broker = lamp.broker.address();
    let lamp_cmd =
        |arguments: &[&str]| run(lampi(arguments).arg0("/usr/bin/lamp_cmd").args(["--broker", &broker]));
    assert_eq!(lamp_cmd(&[]), fine("Hue: 1.0 Saturation: 1.0 Brightness: 1.0 On: True\n"));
    for (arguments, printed) in [
        (&["--hue", "0.33"][..], "Hue: 0.33 Saturation: 1.0 Brightness: 1.0 On: True\n"),
        (&["-u", "0.5", "-s", "0.25", "-b", "0.1"], "Hue: 0.5 Saturation: 0.25 Brightness: 0.1 On: True\n"),
        (&["--off"], "Hue: 0.5 Saturation: 0.25 Brightness: 0.1 On: False\n"),
        (&["--on", "--brightness", "1"], "Hue: 0.5 Saturation: 0.25 Brightness: 1.0 On: True\n"),
        (&["--saturation=0"], "Hue: 0.5 Saturation: 0.0 Brightness: 1.0 On: True\n"),
    ] {
        assert_eq!(lamp_cmd(arguments), fine(""), "{arguments:?}");
        assert!(observer.next(SET_CONFIG).payload.contains(r#""client": "lamp_cmd_"#));
        assert_eq!(lamp_cmd(&[]), fine(printed));
    }
    for arguments in [&["--hue", "1.5"][..], &["--brightness=-0.1"], &["--on", "--off"], &["get"]] {
        let (code, output, _) = lamp_cmd(arguments);
        assert_eq!((code, output.as_str()), (Some(2), ""), "{arguments:?}");
    }
    assert_eq!(lamp_cmd(&["--version"]), fine(&format!("lamp_cmd {}\n", env!("CARGO_PKG_VERSION"))));
    // With any other name, the program is lampi.
    let (code, ..) = run(lampi(&["get"]).arg0("other").args(["--broker", &broker]));
    assert_eq!(code, Some(0));
}
