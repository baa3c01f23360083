// SPDX-License-Identifier: GPL-3.0-or-later
//! A lamp without a state file, with a broker that retains the state of an earlier `lamp_service`.

use std::fs;

use test_support::{Message, Mosquitto, PATIENCE, Pigpiod, Process, QoS, wait_for};

use crate::{CHANGED, CONNECTION, Lamp, NEW, SET_CONFIG, kept, state};

/// The last state of the earlier `lamp_service`, in the format of the course's Python.
const BEFORE: &str = r#"{"color": {"h": 0.5, "s": 0.5}, "brightness": 0.5, "on": true, "client": "lamp_ui"}"#;

/// Retains `payload` at the broker as the lamp's state.
fn retain(lamp: &Lamp, payload: &str) {
    let mut observer = lamp.observer();
    observer.publish_with(CHANGED, QoS::AtLeastOnce, true, payload);
    observer.next_where(CHANGED, |message| message.payload == payload);
}

/// Starts the service, waits until it has published its state, and returns that state.
fn start(lamp: &Lamp, arguments: &[&str]) -> (Process, String) {
    let mut observer = lamp.observer();
    let service = lamp.start_with(arguments);
    observer.next_where(CONNECTION, |message| message.payload == "1" && !message.retained);
    let told = observer.next_where(CHANGED, |message: &Message| !message.retained);
    (service, told.payload)
}

#[test]
fn adopts_the_retained_state() {
    let lamp = Lamp::new();
    retain(&lamp, BEFORE);
    let (service, told) = start(&lamp, &[]);
    assert_eq!(told, BEFORE);
    lamp.await_leds([250, 500, 500]);
    lamp.await_kept(BEFORE);
    service.await_log("adopted the state that the broker retained on lamp/changed", 1);
}

#[test]
fn shines_without_a_broker_and_saves_no_state_until_it_connects() {
    let disk = tempfile::tempdir().unwrap();
    let broker = Mosquitto::start_with(&format!(
        "persistence true
persistence_location {}/
autosave_on_changes true
autosave_interval 1
",
        disk.path().display()
    ));
    let mut lamp = Lamp::with(broker, Pigpiod::start());
    retain(&lamp, BEFORE);
    wait_for("mosquitto saves it", PATIENCE, || {
        let saved = fs::read(disk.path().join("mosquitto.db")).unwrap_or_default();
        saved.windows(BEFORE.len()).any(|part| part == BEFORE.as_bytes()).then_some(())
    });
    lamp.broker.stop();

    let mut service = lamp.start();
    lamp.await_leds([1000, 0, 0]);
    assert!(service.terminate().success());
    assert_eq!(lamp.kept(), None, "the broker may still have a state");
    let _service = lamp.start();
    lamp.await_leds([1000, 0, 0]);
    lamp.broker.restart();
    lamp.await_leds([250, 500, 500]);
    lamp.await_kept(BEFORE);
}

#[test]
fn the_state_file_takes_precedence() {
    let lamp = Lamp::new();
    let own = state(0.33, 1.0, 1.0, true, "own");
    fs::write(lamp.state_file(), kept(&own)).unwrap();
    retain(&lamp, BEFORE);
    let (_service, told) = start(&lamp, &[]);
    assert_eq!(told, own);
    lamp.await_leds([20, 1000, 0]);
}

#[test]
fn the_restore_setting_takes_precedence() {
    let lamp = Lamp::new();
    retain(&lamp, BEFORE);
    let (_service, told) = start(&lamp, &["--restore", "off"]);
    assert_eq!(told, BEFORE.replace("true", "false"));
    lamp.await_leds([0, 0, 0]);
}

#[test]
fn a_request_takes_precedence() {
    let lamp = Lamp::new();
    retain(&lamp, BEFORE);
    let (_service, _) = start(&lamp, &[]);
    let mut observer = lamp.observer();
    let request = state(0.33, 1.0, 1.0, true, "someone");
    observer.publish(SET_CONFIG, request.clone());
    observer.next_where(CHANGED, |message| message.payload == request);
    lamp.await_leds([20, 1000, 0]);
    lamp.await_kept(&request);
}

#[test]
fn starts_with_the_default_state_without_a_valid_retained_state() {
    for payload in [None, Some("{}"), Some("red"), Some(r#"{"color": {"h": 7, "s": 1}}"#)] {
        let lamp = Lamp::new();
        if let Some(payload) = payload {
            retain(&lamp, payload);
        }
        let (_service, told) = start(&lamp, &[]);
        assert_eq!(told, NEW, "{payload:?}");
        lamp.await_leds([1000, 0, 0]);
        lamp.await_kept(NEW);
    }
}
