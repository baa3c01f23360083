// SPDX-License-Identifier: GPL-3.0-or-later
//! Brokers that close the connection: because another client uses the same client ID, or because a packet is
//! too large.

use std::fs;

use test_support::{Mosquitto, PATIENCE, Pigpiod, Process, TcpProxy, wait_for};

use crate::{CHANGED, CONNECTION, Lamp, NEW, SET_CONFIG, kept, request_until_published, state};

/// Lines of the log that contain `text`.
fn count(service: &Process, text: &str) -> usize {
    service.log().iter().filter(|line| line.contains(text)).count()
}

#[test]
fn two_services_with_one_broker_log_that_once_and_work_after_one_ends() {
    let lamp = Lamp::new();
    let second = Lamp::with(Mosquitto::absent(), Pigpiod::start());
    for lamp in [&lamp, &second] {
        fs::write(lamp.state_file(), kept(NEW)).unwrap();
    }
    let (first_service, mut observer) = lamp.start_and_watch();
    let mut second_service = second.start_with(&["--broker", &lamp.broker.address()]);
    let cause = "another client probably uses the client ID lamp_service; stop the other client";
    for service in [&first_service, &second_service] {
        service.await_log(cause, 1);
    }
    // Each of the next connections comes after a wait that doubles.
    for _ in 0..4 {
        observer.next_where(CONNECTION, |message| message.payload == "1" && !message.retained);
    }
    second_service.kill();
    request_until_published(&observer, &state(0.5, 0.5, 0.5, true, "after"));
    lamp.await_leds([250, 500, 500]);
    for service in [&first_service, &second_service] {
        assert_eq!(count(service, cause), 1, "{:?}", service.log());
        assert_eq!(count(service, "disconnected from MQTT broker"), 1, "{:?}", service.log());
        assert!(count(service, "connected to MQTT broker") <= 2, "{:?}", service.log());
    }
}

/// Starts a lamp with Home Assistant's description at a broker with `limit`.
fn start(limit: &str) -> (Lamp, Process) {
    let lamp = Lamp::with(Mosquitto::start_with(&format!("{limit}\n")), Pigpiod::start());
    fs::write(lamp.state_file(), kept(&state(0.33, 1.0, 1.0, true, "web"))).unwrap();
    let settings = lamp.folder.path().join("settings");
    fs::write(&settings, "home-assistant = homeassistant\n").unwrap();
    let service = lamp.start_with(&["--settings", settings.to_str().unwrap()]);
    lamp.await_leds([20, 1000, 0]);
    (lamp, service)
}

#[test]
fn a_broker_that_accepts_only_small_packets_is_logged_once_for_each_topic() {
    for (limit, topics) in
        [(65, ["/config", CHANGED, "lamp/home_assistant/state"].as_slice()), (200, &["/config"]), (2000, &[])]
    {
        let (lamp, service) = start(&format!("max_packet_size {limit}"));
        for topic in topics {
            service.await_log(&format!("{topic}; such packets are not sent; raise max_packet_size"), 1);
        }
        service.await_log("connected to MQTT broker", 1);
        // The lamp works with the packets that fit.
        let mut observer = lamp.observer();
        observer.publish(SET_CONFIG, r#"{"on": false, "client": "x"}"#);
        lamp.await_leds([0; 3]);
        if limit > 65 {
            observer.next_where(CHANGED, |message| message.payload.contains("false"));
        }
        assert_eq!(count(&service, "such packets are not sent"), topics.len(), "{:?}", service.log());
        assert_eq!(
            count(&service, "disconnected from"),
            usize::from(!topics.is_empty()),
            "{:?}",
            service.log()
        );
        assert_eq!(count(&service, "another client"), 0, "{:?}", service.log());
    }
}

#[test]
fn a_broker_that_rejects_connect_is_logged_once() {
    for is_new in [true, false] {
        let lamp = Lamp::with(Mosquitto::start_with("max_packet_size 20\n"), Pigpiod::start());
        if !is_new {
            fs::write(lamp.state_file(), kept(NEW)).unwrap();
        }
        let proxy = TcpProxy::to(lamp.broker.port());
        let service = lamp.start_with(&["--broker", &proxy.address()]);
        wait_for("four attempts", PATIENCE, || (proxy.written().len() >= 4).then_some(()));
        service.await_log("it closed the connection without an answer to a CONNECT packet of ", 1);
        assert_eq!(count(&service, "MQTT broker"), 1, "{:?}", service.log());
    }
}

#[test]
fn a_broker_that_drops_large_messages_keeps_the_connection() {
    let (lamp, service) = start("message_size_limit 50");
    service.await_log("connected to MQTT broker", 1);
    let observer = lamp.observer();
    observer.publish(SET_CONFIG, r#"{"on": false, "client": "x"}"#);
    lamp.await_leds([0; 3]);
    assert_eq!(count(&service, "MQTT broker"), 1, "{:?}", service.log());
}
