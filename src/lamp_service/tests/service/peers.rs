// SPDX-License-Identifier: GPL-3.0-or-later
//! Peers that start late, stop, restart or hang.

use std::net::TcpListener;
use std::time::Instant;

use test_support::{Mosquitto, PATIENCE, Pigpiod, Process, Signal, TcpProxy, wait_for};

use crate::{CHANGED, CONNECTION, Lamp, NEW, SET_CONFIG, kept, service, state};

/// A lamp with the saved state `state`.
fn with_kept_state(broker: Mosquitto, pigpiod: Pigpiod, state: &str) -> Lamp {
    let lamp = Lamp::with(broker, pigpiod);
    std::fs::write(lamp.state_file(), kept(state)).unwrap();
    lamp
}

#[test]
fn the_leds_are_lit_before_the_broker_is_there() {
    let last = state(0.12, 0.8, 0.57, true, "lamp_ui");
    let mut lamp = with_kept_state(Mosquitto::absent(), Pigpiod::start(), &last);
    let service = lamp.start();
    lamp.await_leds([570, 442, 113]);
    service.await_log("cannot connect to MQTT broker localhost:", 1);

    lamp.broker.restart();
    let mut observer = lamp.observer();
    assert_eq!(observer.next(CHANGED).payload, last);
    observer.publish(SET_CONFIG, state(0.5, 0.5, 0.5, true, "late"));
    lamp.await_leds([250, 500, 500]);
}

#[test]
fn waits_for_both_and_logs_it_once() {
    let mut lamp = Lamp::with(Mosquitto::absent(), Pigpiod::absent(&["-g", "-l"]));
    let service = lamp.start();
    service.await_log("cannot connect to pigpiod", 1);
    service.await_log("cannot connect to MQTT broker localhost:", 1);

    lamp.broker.restart();
    let mut observer = lamp.observer();
    assert_eq!(observer.next(CHANGED).payload, NEW);
    // Requests are accepted and published without pigpiod, which later receives the newest.
    for brightness in [0.1, 0.2, 0.5] {
        let request = state(0.5, 0.5, brightness, true, "early");
        observer.publish(SET_CONFIG, request.clone());
        assert_eq!(observer.next(CHANGED).payload, request);
    }
    lamp.pigpiod.restart();
    lamp.await_leds([250, 500, 500]);

    for text in [
        "cannot connect to pigpiod",
        "cannot connect to MQTT broker localhost:",
        "connected to MQTT broker",
        "driving the LEDs",
    ] {
        // The LEDs change before the log is read.
        service.await_log(text, 1);
        let lines = service.log().iter().filter(|line| line.contains(text)).count();
        assert_eq!(lines, 1, "{text}: {:?}", service.log());
    }
}

#[test]
fn publishes_everything_again_after_the_broker_restarts() {
    let mut lamp = Lamp::new();
    let (_service, mut observer) = lamp.start_and_watch();
    let last = state(0.5, 0.5, 0.5, true, "before");
    observer.publish(SET_CONFIG, last.clone());
    assert_eq!(observer.next(CHANGED).payload, last);
    drop(observer);

    lamp.broker.restart();
    // It has lost retained messages and subscriptions.
    let mut observer = lamp.observer();
    assert_eq!(observer.next(CONNECTION).payload, "1");
    assert_eq!(observer.next(CHANGED).payload, last);
    observer.publish(SET_CONFIG, state(0.67, 1.0, 0.25, true, "after"));
    assert_eq!(observer.next(CHANGED).payload, state(0.67, 1.0, 0.25, true, "after"));
    lamp.await_leds([5, 0, 250]);
}

#[test]
fn a_restarted_pigpiod_is_set_up_again() {
    let mut lamp = Lamp::new();
    let (service, observer) = lamp.start_and_watch();
    observer.publish(SET_CONFIG, state(0.33, 1.0, 1.0, true, "before"));
    lamp.await_leds([20, 1000, 0]);

    lamp.pigpiod.restart();
    lamp.await_leds([20, 1000, 0]);
    for (question, answer) in [("mg 19", 1), ("pfg 26", 1000), ("prg 13", 1000)] {
        assert_eq!(lamp.pigpiod.ask(question), Some(answer), "{question}");
    }
    observer.publish(SET_CONFIG, state(0.5, 0.5, 0.5, true, "after"));
    lamp.await_leds([250, 500, 500]);
    service.await_log("driving the LEDs", 2);
}

#[test]
fn a_hanging_pigpiod_delays_nothing_else() {
    let mut lamp = Lamp::new();
    let (service, mut observer) = lamp.start_and_watch();
    lamp.await_leds([1000, 0, 0]);
    lamp.pigpiod.freeze();
    for brightness in [0.25, 0.75, 0.5] {
        let request = state(0.5, 0.5, brightness, true, "patient");
        observer.publish(SET_CONFIG, request.clone());
        assert_eq!(observer.next(CHANGED).payload, request);
    }
    service.await_log("does not answer", 1);
    lamp.pigpiod.restart();
    lamp.await_leds([250, 500, 500]);
}

#[test]
fn a_hanging_pigpiod_does_not_keep_the_service_from_ending() {
    let lamp = Lamp::new();
    let (mut service, mut observer) = lamp.start_and_watch();
    lamp.await_leds([1000, 0, 0]);
    lamp.pigpiod.freeze();
    let request = state(0.5, 0.5, 0.5, true, "last");
    observer.publish(SET_CONFIG, request.clone());
    observer.next_where(CHANGED, |message| message.payload == request);
    assert_eq!(service.terminate().code(), Some(0));
    assert_eq!(lamp.kept(), Some(kept(&request)));
}

#[test]
fn retries_slowly_when_a_peer_closes_at_once() {
    // The shortest sum of four delays, which double from 0.1 s and 0.025 s.
    for (peer, shortest) in [("--broker", 1500), ("--pigpiod", 375)] {
        let lamp = Lamp::with(Mosquitto::absent(), Pigpiod::absent(&[]));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let start = Instant::now();
        let _service = lamp.start_with(&[peer, &listener.local_addr().unwrap().to_string()]);
        for attempt in 1..=5 {
            wait_for(&format!("attempt {attempt} of {peer}"), PATIENCE, || listener.accept().ok());
        }
        assert!(start.elapsed().as_millis() >= shortest, "{peer}: {:?}", start.elapsed());
    }
}

#[test]
fn reports_a_forbidden_pin() {
    // Only GPIO 19 and 26 may be changed.
    let lamp = Lamp::with(Mosquitto::start(), Pigpiod::start_with(&["-g", "-l", "-x", "0x04080000"]));
    let (service, _witness) = lamp.start_and_watch();
    service.await_log("pigpiod refused SetMode(13, Output): PI_NOT_PERMITTED (-41)", 1);
}

#[test]
fn uses_the_pigpiod_of_the_environment() {
    let lamp = Lamp::with(Mosquitto::start(), Pigpiod::start_with(&["-g", "-l", "-n", "127.0.0.1"]));
    let mut command = service();
    command.env("PIGPIO_ADDR", "127.0.0.1").env("PIGPIO_PORT", lamp.pigpiod.port().to_string());
    command.args(["--broker", &lamp.broker.address(), "--state"]).arg(lamp.state_file());
    let _service = Process::start(&mut command, "");
    lamp.await_leds([1000, 0, 0]);
}

#[test]
fn a_frozen_broker_freezes_nothing_else() {
    let lamp = Lamp::new();
    let (service, mut observer) = lamp.start_and_watch();
    lamp.broker.freeze();
    let frozen = Instant::now();
    let request = state(0.5, 0.5, 0.5, true, "frozen");
    observer.publish(SET_CONFIG, request.clone());
    // pigpiod and signals are still handled.
    service.signal(Signal::SIGHUP);
    service.await_log("reloaded the settings", 1);
    lamp.await_leds([1000, 0, 0]);
    wait_for("ten seconds of a frozen broker", PATIENCE, || (frozen.elapsed().as_secs() >= 10).then_some(()));
    lamp.broker.thaw();
    assert_eq!(observer.next(CHANGED).payload, request);
    lamp.await_leds([250, 500, 500]);
    let announcements = observer.messages().iter().filter(|message| message.topic == CONNECTION).count();
    assert_eq!(announcements, 1, "the connection held: {:?}", service.log());
}

#[test]
fn a_blocked_broker_does_not_block_the_light() {
    let lamp = Lamp::new();
    let proxy = TcpProxy::to(lamp.broker.port());
    let mut observer = lamp.observer();
    let _service = lamp.start_with(&["--broker", &proxy.address()]);
    observer.next_where(CHANGED, |message| !message.retained);
    proxy.stall();
    // No more than the broker sends without an acknowledgement.
    for brightness in [0.1, 0.2, 0.3, 0.4, 0.5] {
        observer.publish(SET_CONFIG, state(0.5, 0.5, brightness, true, "stalled"));
    }
    lamp.await_leds([250, 500, 500]);
    lamp.await_kept(&state(0.5, 0.5, 0.5, true, "stalled"));
}
