// SPDX-License-Identifier: GPL-3.0-or-later
//! The panel's backlight, set by the topic lamp/backlight.

use test_support::{PATIENCE, Pigpiod, Process, QoS, wait_for};

use crate::{CHANGED, Lamp, SET_CONFIG, state};

const BACKLIGHT: &str = "lamp/backlight";

#[track_caller]
fn await_backlight(pigpiod: &Pigpiod, duty: u32) {
    wait_for(&format!("the backlight to be at {duty}"), PATIENCE, || {
        (pigpiod.duty_cycles([18]) == [Some(duty)]).then_some(())
    });
}

fn start(lamp: &Lamp) -> (Process, test_support::MqttObserver) {
    let mut observer = lamp.observer();
    let service = lamp.start_with(&["--backlight", "yes"]);
    observer.next_where(CHANGED, |message| !message.retained);
    lamp.await_leds([1000, 0, 0]);
    (service, observer)
}

/// Checks that the service has handled everything sent before.
#[track_caller]
fn settle(observer: &mut test_support::MqttObserver) {
    let request = state(1.0, 1.0, 1.0, true, "settle");
    observer.publish(SET_CONFIG, request.clone());
    observer.next_where(CHANGED, |message| message.payload == request);
}

#[test]
fn the_backlight_follows_its_topic() {
    let mut lamp = Lamp::new();
    let (service, mut observer) = start(&lamp);
    assert_eq!(lamp.pigpiod.ask("mg 18"), Some(0), "not touched before the first message");
    observer.publish(BACKLIGHT, r#"{"backlight": 0.25}"#);
    await_backlight(&lamp.pigpiod, 250);
    service.await_log("controlling the backlight on GPIO 18 through pigpiod", 1);
    observer.publish(BACKLIGHT, r#"{"backlight": 1, "client": "blynk"}"#);
    await_backlight(&lamp.pigpiod, 1000);
    observer.publish(BACKLIGHT, r#"{"backlight": 2}"#);
    service.await_log("rejected a message on lamp/backlight: backlight is 2; it must be a number", 1);
    await_backlight(&lamp.pigpiod, 1000);
    settle(&mut observer);
    // A restarted pigpiod has lost its settings.
    lamp.pigpiod.restart();
    await_backlight(&lamp.pigpiod, 1000);
    lamp.await_leds([1000, 0, 0]);
}

#[test]
fn applies_a_retained_level_at_each_start() {
    let lamp = Lamp::new();
    lamp.observer().publish_with(BACKLIGHT, QoS::AtLeastOnce, true, r#"{"backlight": 0.5}"#);
    for _ in 0..2 {
        let (service, _observer) = start(&lamp);
        await_backlight(&lamp.pigpiod, 500);
        assert!(!service.log().iter().any(|line| line.contains("retained")), "{:?}", service.log());
    }
}

#[test]
fn does_not_touch_the_pin_without_the_option() {
    let lamp = Lamp::new();
    let (_service, mut observer) = lamp.start_and_watch();
    observer.publish(BACKLIGHT, r#"{"backlight": 0.25}"#);
    settle(&mut observer);
    lamp.await_leds([1000, 0, 0]);
    assert_eq!(lamp.pigpiod.ask("mg 18"), Some(0));
}

#[test]
fn does_not_touch_a_pin_of_a_device() {
    let lamp = Lamp::new();
    // The function of the processor's own PWM.
    assert_eq!(lamp.pigpiod.ask("m 18 5"), None, "no number");
    assert_eq!(lamp.pigpiod.ask("mg 18"), Some(2));
    let (service, observer) = start(&lamp);
    for level in ["0.5", "0.6", "0.7"] {
        observer.publish(BACKLIGHT, format!(r#"{{"backlight": {level}}}"#));
    }
    service.await_log(
        "a device of the processor (such as sound or PWM) uses GPIO 18, so lamp/backlight has no effect",
        1,
    );
    assert_eq!(lamp.pigpiod.ask("mg 18"), Some(2));
}

#[test]
fn reports_a_daemon_that_forbids_the_pin() {
    let lamp =
        Lamp::with(test_support::Mosquitto::start(), Pigpiod::start_with(&["-g", "-l", "-x", "0x040A2000"]));
    let (service, observer) = start(&lamp);
    observer.publish(BACKLIGHT, r#"{"backlight": 0.5}"#);
    service.await_log("does not permit changes of GPIO 18, so lamp/backlight has no effect", 1);
    assert_eq!(lamp.pigpiod.ask("mg 18"), Some(0));
}
