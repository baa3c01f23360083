// SPDX-License-Identifier: GPL-3.0-or-later
//! The MQTT contract that clients rely on.

use test_support::{QoS, Signal};

use crate::{CHANGED, CONNECTION, Lamp, NEW, SET_CONFIG, request_until_published, state};

#[test]
fn every_check_value_reaches_the_pins() {
    let lamp = Lamp::new();
    let (_service, mut observer) = lamp.start_and_watch();
    lamp.await_leds([1000, 0, 0]);
    for (hue, saturation, brightness, duty) in [
        (0.33, 1.0, 1.0, [20, 1000, 0]),
        (0.5, 0.5, 0.5, [250, 500, 500]),
        (0.67, 1.0, 0.25, [5, 0, 250]),
        (0.12, 0.8, 0.57, [570, 442, 113]),
        (0.99, 0.01, 1.0, [1000, 990, 990]),
        (0.29, 0.57, 0.58, [335, 580, 249]),
        (0.77, 0.0, 0.58, [580, 580, 580]),
        (1.0, 1.0, 1.0, [1000, 0, 0]),
    ] {
        let request = state(hue, saturation, brightness, true, "lamp_cmd");
        observer.publish(SET_CONFIG, request.clone());
        assert_eq!(observer.next(CHANGED).payload, request);
        lamp.await_leds(duty);
    }
    for (question, answer) in
        [("mg 19", 1), ("pfg 19", 1000), ("prg 19", 1000), ("mg 13", 1), ("prg 26", 1000)]
    {
        assert_eq!(lamp.pigpiod.ask(question), Some(answer), "{question}");
    }
    observer.publish(SET_CONFIG, r#"{"on": false, "client": "x"}"#);
    assert_eq!(observer.next(CHANGED).payload, state(1.0, 1.0, 1.0, false, "x"));
    lamp.await_leds([0, 0, 0]);
}

#[test]
fn publishes_its_connection_and_state() {
    let lamp = Lamp::new();
    let mut observer = lamp.observer();
    let mut service = lamp.start();

    // Both are live and retained for later clients.
    let connected = observer.next(CONNECTION);
    assert_eq!(
        (connected.payload.as_str(), connected.qos, connected.retained),
        ("1", QoS::ExactlyOnce, false)
    );
    let changed = observer.next(CHANGED);
    assert_eq!((changed.payload.as_str(), changed.qos, changed.retained), (NEW, QoS::AtLeastOnce, false));
    assert_eq!(observer.messages().len(), 2);

    let mut late = lamp.observer();
    for (topic, payload) in [(CHANGED, NEW), (CONNECTION, "1")] {
        let message = late.next(topic);
        assert_eq!((message.payload.as_str(), message.retained), (payload, true), "{topic}");
    }

    // The broker publishes the Last Will, however the service ends.
    service.kill();
    assert_eq!(late.next_where(CONNECTION, |message| !message.retained).payload, "0");
    let message = lamp.observer().next(CONNECTION);
    assert_eq!((message.payload.as_str(), message.qos, message.retained), ("0", QoS::ExactlyOnce, true));

    let mut service = lamp.start();
    assert_eq!(late.next(CONNECTION).payload, "1");
    service.signal(Signal::SIGINT);
    assert!(service.await_end().success());
    assert_eq!(late.next(CONNECTION).payload, "0");
}

#[test]
fn requests_may_be_partial_and_are_rounded() {
    let lamp = Lamp::new();
    let (_service, mut observer) = lamp.start_and_watch();
    for (request, told) in [
        (
            r#"{"client": "lamp_bt_peripheral", "on": false}"#,
            state(1.0, 1.0, 1.0, false, "lamp_bt_peripheral"),
        ),
        (r#"{"client": "a", "brightness": 0.29000000000000004}"#, state(1.0, 1.0, 0.29, false, "a")),
        (r#"{"client": "a", "color": {"h": 0.125, "s": 0}}"#, state(0.12, 0.0, 0.29, false, "a")),
        // Only a client: published again under its name.
        (r#"{"client": ""}"#, state(0.12, 0.0, 0.29, false, "")),
        // Numbers and booleans are interchangeable; unknown fields are ignored.
        (r#"{"client": "b", "on": 1, "brightness": true, "x": null}"#, state(0.12, 0.0, 1.0, true, "b")),
        (r#"{"client": "ü \"", "on": 0.0}"#, state(0.12, 0.0, 1.0, false, r#"ü \""#)),
    ] {
        observer.publish(SET_CONFIG, request);
        assert_eq!(observer.next(CHANGED).payload, told, "{request}");
    }
    // Sent like this by the BTLE client of some lamps.
    observer.publish_with(SET_CONFIG, QoS::AtMostOnce, false, r#"{"client": "b", "on": true}"#);
    assert_eq!(observer.next(CHANGED).payload, state(0.12, 0.0, 1.0, true, "b"));
}

#[test]
fn an_invalid_request_changes_nothing() {
    let lamp = Lamp::new();
    let (service, mut observer) = lamp.start_and_watch();
    let deep = format!(r#"{{"client": "a", "color": {}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    let large = format!(r#"{{"client": "a", "on": false, "x": "{}"}}"#, "x".repeat(1 << 20));
    let long_name = format!(r#"{{"client": "{}", "on": false}}"#, "x".repeat(10_000));
    let requests: [&[u8]; 31] = [
        // `client` missing or not a string
        br#"{"on": false}"#,
        br#"{"client": null, "on": false}"#,
        br#"["client", "on"]"#,
        // out of range, after valid fields
        br#"{"client": "a", "on": false, "color": {"h": 0.5, "s": 0.5}, "brightness": 1.01}"#,
        br#"{"client": "a", "on": false, "brightness": -0.01}"#,
        br#"{"client": "a", "on": false, "color": {"h": 1.5, "s": 0.5}}"#,
        br#"{"client": "a", "on": false, "color": {"h": 0.5, "s": -1}}"#,
        br#"{"client": "a", "on": false, "brightness": 1e400}"#,
        br#"{"client": "a", "brightness": 0.5, "on": 2}"#,
        br#"{"client": "a", "brightness": 0.5, "on": "false"}"#,
        // colour incomplete or of another type
        br#"{"client": "a", "on": false, "color": {"h": 0.5}}"#,
        br#"{"client": "a", "on": false, "color": {"s": 0.5}}"#,
        br#"{"client": "a", "on": false, "color": [0.5, 0.5]}"#,
        // strings and null instead of numbers
        br#"{"client": "a", "on": false, "brightness": "0.5"}"#,
        br#"{"client": "a", "on": false, "brightness": null}"#,
        br#"{"client": "a", "on": false, "color": null}"#,
        // not JSON, not UTF-8, not an object
        b"",
        b"{",
        b"\xff\xfe",
        b"{\"client\": \"\xff\", \"on\": false}",
        b"{\"client\": \"a\", \"on\": false, \"x\": \"\xff\"}",
        b"7",
        b"true",
        b"null",
        br#"{"client": "a", "on": false, "brightness": NaN}"#,
        br#"{"client": "a", "on": false, "brightness": Infinity}"#,
        br#"{"client": "a", "on": false, "on": false}"#,
        br#"{"client": "a", "on": false, "color": {"h": 0.5, "s": 0.5, "h": 0.5}}"#,
        // hostile
        deep.as_bytes(),
        large.as_bytes(),
        long_name.as_bytes(),
    ];
    for request in requests {
        observer.publish(SET_CONFIG, request);
    }
    // A state from an accepted request would come before this one.
    observer.publish(SET_CONFIG, r#"{"client": "sentinel"}"#);
    assert_eq!(observer.next(CHANGED).payload, state(1.0, 1.0, 1.0, true, "sentinel"));
    lamp.await_leds([1000, 0, 0]);
    let connections = observer.messages().into_iter().filter(|message| message.topic == CONNECTION).count();
    assert_eq!(connections, 1, "the connection held");
    service.await_log("rejected a message on lamp/set_config: client is missing", 1);
}

#[test]
fn many_rejected_messages_cause_few_log_lines() {
    let lamp = Lamp::new();
    let (service, mut observer) = lamp.start_and_watch();
    for _ in 0..200 {
        observer.publish(SET_CONFIG, "{}");
    }
    observer.publish(SET_CONFIG, r#"{"client": "sentinel"}"#);
    observer.next(CHANGED);
    service.await_log("rejected", 1);
    let rejections = service.log().iter().filter(|line| line.contains("rejected")).count();
    assert!((1..50).contains(&rejections), "{rejections}");
}

#[test]
fn ignores_a_retained_request() {
    let lamp = Lamp::new();
    let mut observer = lamp.observer();
    observer.publish_with(SET_CONFIG, QoS::AtLeastOnce, true, r#"{"client": "mistaken", "on": false}"#);
    observer.next(SET_CONFIG);
    let service = lamp.start();
    assert_eq!(observer.next(CHANGED).payload, NEW);
    service.await_log("ignored a retained message on lamp/set_config", 1);
    // A live message counts, retained or not: the broker delivers it as live.
    observer.publish_with(SET_CONFIG, QoS::AtLeastOnce, true, r#"{"client": "mistaken", "brightness": 0.5}"#);
    assert_eq!(observer.next(CHANGED).payload, state(1.0, 1.0, 0.5, true, "mistaken"));
}

#[test]
fn deletes_a_retained_message_that_is_too_large() {
    let lamp = Lamp::new();
    let (service, observer) = lamp.start_and_watch();
    // A retained message comes again with each subscription.
    observer.publish_with(SET_CONFIG, QoS::AtLeastOnce, true, "x".repeat(5 << 20));
    service.await_log("it sent a packet of more than 4 MiB", 1);
    let last = state(0.5, 0.5, 0.5, true, "after");
    request_until_published(&observer, &last);
    lamp.await_leds([250, 500, 500]);
    lamp.await_kept(&last);
    // It was deleted for later clients.
    let mut late = lamp.observer();
    late.next(CHANGED);
    observer.publish(SET_CONFIG, r#"{"client": "sentinel"}"#);
    assert!(!late.next(SET_CONFIG).retained);
    assert!(service.resident() < 16 << 10, "{} KiB", service.resident());
}

#[test]
fn after_a_burst_the_last_request_takes_effect() {
    let lamp = Lamp::new();
    let (_service, mut observer) = lamp.start_and_watch();
    for step in 0..=500 {
        let brightness = f64::from(step % 100) / 100.0;
        observer.publish(SET_CONFIG, state(0.5, 1.0, brightness, true, "drag"));
    }
    let last = state(0.29, 0.57, 0.58, true, "last");
    observer.publish(SET_CONFIG, last.clone());
    observer.next_where(CHANGED, |message| message.payload == last);
    lamp.await_leds([335, 580, 249]);
    lamp.await_kept(&last);
}
