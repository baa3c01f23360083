// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi set` and `lampi get`.

use std::process::Stdio;
use std::time::Instant;

use test_support::{Mosquitto, PATIENCE, Pigpiod, QoS, wait_for};

use crate::{CHANGED, CONNECTION, Lamp, PINS, SET_CONFIG, lampi, state};

fn fine(output: &str) -> (Option<i32>, String, String) {
    (Some(0), output.to_owned(), String::new())
}

#[test]
fn the_light_is_set_and_shown() {
    let lamp = Lamp::new();
    let (_service, mut observer) = lamp.serve();
    assert_eq!(lamp.ask(&["get"]), fine("Hue: 1.0 Saturation: 1.0 Brightness: 1.0 On: true\n"));

    for (arguments, told, duty) in [
        (
            &["--hue", "0.29", "--saturation", "0.57", "--brightness", "0.58"][..],
            state(0.29, 0.57, 0.58, true, "lamp_cmd"),
            [335, 580, 249],
        ),
        (&["-b", "1"], state(0.29, 0.57, 1.0, true, "lamp_cmd"), [578, 1000, 430]),
        (&["--off"], state(0.29, 0.57, 1.0, false, "lamp_cmd"), [0, 0, 0]),
        (&["--color", "blue"], state(0.67, 1.0, 1.0, false, "lamp_cmd"), [0, 0, 0]),
        (&["--on", "-u", "0.333333"], state(0.33, 1.0, 1.0, true, "lamp_cmd"), [20, 1000, 0]),
        (&["--color", "#ff0000", "--brightness", "0"], state(0.0, 1.0, 0.0, true, "lamp_cmd"), [0, 0, 0]),
        (&["-s", "0", "-b", "0.5"], state(0.0, 0.0, 0.5, true, "lamp_cmd"), [500, 500, 500]),
    ] {
        let arguments = [&["set"], arguments].concat();
        assert_eq!(lamp.ask(&arguments), fine(""), "{arguments:?}");
        // As the lamp_cmd of every LAMPI: whole, QoS 1, not retained.
        let request = observer.next(SET_CONFIG);
        assert_eq!(
            (request.payload.as_str(), request.qos, request.retained),
            (told.as_str(), QoS::AtLeastOnce, false)
        );
        // It was confirmed before it returned.
        assert_eq!(lamp.ask(&["get", "--json"]), fine(&format!("{told}\n")));
        wait_for(&format!("{arguments:?} to reach the LEDs"), PATIENCE, || {
            (lamp.pigpiod.duty_cycles(PINS) == duty.map(Some)).then_some(())
        });
    }
    // A visitor announces nothing.
    let strangers: Vec<_> = observer
        .messages()
        .into_iter()
        .filter(|message| ![SET_CONFIG, CHANGED, CONNECTION].contains(&message.topic.as_str()))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn many_may_set_it_at_once() {
    let lamp = Lamp::new();
    let (_service, _witness) = lamp.serve();
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

#[test]
fn without_a_lamp_it_ends_with_a_reason() {
    // Nobody at all.
    let lamp = Lamp::with(Mosquitto::absent(), Pigpiod::absent(&["-g"]));
    let address = lamp.broker.address();
    for arguments in [&["get"][..], &["set", "--on"]] {
        let (status, output, errors) = lamp.ask(arguments);
        assert_eq!((status, output.as_str()), (Some(1), ""));
        assert!(
            errors.starts_with(&format!("lampi: the MQTT broker {address} cannot be reached: ")),
            "{errors}"
        );
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }

    // A broker that never saw a lamp.
    let mut lamp = Lamp::new();
    let address = lamp.broker.address();
    let start = Instant::now();
    assert_eq!(
        lamp.ask(&["set", "--on"]),
        (
            Some(1),
            String::new(),
            format!(
                "lampi: the MQTT broker {address} did not tell the lamp's state within 5 s: lamp_service has never \
                 been connected to it; see: sudo lampi status\n"
            )
        )
    );
    assert!(start.elapsed() < PATIENCE);

    // A lamp that was there.
    let (mut service, mut observer) = lamp.serve();
    service.kill();
    observer.next_where(CONNECTION, |message| message.payload == "0");
    assert_eq!(lamp.ask(&["get"]), fine("Hue: 1.0 Saturation: 1.0 Brightness: 1.0 On: true\n"));
    assert_eq!(
        lamp.ask(&["set", "--off"]),
        (
            Some(1),
            String::new(),
            "lampi: lamp_service did not confirm the change within 5 s: lamp_service is not connected to it; see: \
             sudo lampi status\n"
                .into()
        )
    );

    // A broker that keeps something else.
    observer.publish_with(CHANGED, QoS::AtLeastOnce, true, "{}");
    observer.next_where(CHANGED, |message| message.payload == "{}");
    let (status, _, errors) = lamp.ask(&["get"]);
    assert_eq!(status, Some(1));
    assert!(errors.starts_with("lampi: what is told on lamp/changed is no state of a lamp: "), "{errors}");

    // A broker that hangs.
    lamp.broker.freeze();
    let (status, _, errors) = lamp.ask(&["get"]);
    lamp.broker.thaw();
    assert_eq!(status, Some(1));
    assert!(errors.starts_with(&format!("lampi: the MQTT broker {address}")), "{errors}");
    lamp.broker.stop();
}
