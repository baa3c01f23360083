// SPDX-License-Identifier: GPL-3.0-or-later
//! Optional features, and settings that change at run time.

use std::collections::HashMap;
use std::path::Path;

use pigpio::protocol::{Message, number};
use programs::identity;
use serde_json::{Value, json};
use test_support::{Mosquitto, MqttObserver, PATIENCE, Pigpiod, QoS, Signal, TcpProxy, wait_for};

use crate::{CHANGED, Lamp, PINS, SET_CONFIG, kept, state};

/// The colours that the service wrote to pigpiod's three pins.
fn colours(proxy: &TcpProxy) -> Vec<[u32; 3]> {
    let bytes = proxy.written().concat();
    let requests = bytes.as_chunks().0.iter().map(|request| Message::from_bytes(*request));
    let duties: Vec<u32> =
        requests.filter(|request| request.command == number::PWM).map(|request| request.second).collect();
    duties.chunks(3).map(|duties| duties.try_into().unwrap()).collect()
}

#[test]
fn shows_a_published_colour_before_it_stops() {
    let lamp = Lamp::new();
    let mut observer = lamp.observer();
    let mut service = lamp.start_with(&["--transition", "60"]);
    observer.next_where(CHANGED, |message| !message.retained);
    lamp.await_leds([1000, 0, 0]);
    let last = state(0.5, 0.5, 0.5, true, "last");
    observer.publish(SET_CONFIG, last.clone());
    observer.next_where(CHANGED, |message| message.payload == last);
    assert_eq!(service.terminate().code(), Some(0));
    assert_eq!(lamp.pigpiod.duty_cycles(PINS), [250, 500, 500].map(Some));
}

#[test]
fn a_transition_is_gradual_and_exact_at_its_end() {
    let lamp = Lamp::new();
    std::fs::write(lamp.state_file(), kept(&state(1.0, 1.0, 1.0, true, ""))).unwrap();
    let proxy = TcpProxy::to(lamp.pigpiod.port());
    let mut observer = lamp.observer();
    let _service = lamp.start_with(&["--transition", "0.4", "--pigpiod", &proxy.address()]);
    observer.next_where(CHANGED, |message| !message.retained);
    lamp.await_leds([1000, 0, 0]);
    assert_eq!(colours(&proxy), [[1000, 0, 0]], "the first colour comes at once");
    let request = state(0.33, 1.0, 1.0, true, "fade");
    observer.publish(SET_CONFIG, request.clone());
    // Published at once, not at the end of the transition.
    assert_eq!(observer.next(CHANGED).payload, request);
    lamp.await_leds([20, 1000, 0]);
    let way = colours(&proxy);
    assert!(way.len() >= 5, "{way:?}");
    for step in way.windows(2) {
        assert!(step[1][0] <= step[0][0] && step[1][1] >= step[0][1] && step[1][2] == 0, "{way:?}");
    }
    assert!(way.contains(&[20, 1000, 0]), "{way:?}");
    // It reverses during the transition, without a jump.
    observer.publish(SET_CONFIG, state(1.0, 1.0, 1.0, true, "there"));
    wait_for("the light to be on its way", PATIENCE, || {
        (colours(&proxy).len() > way.len() + 2).then_some(())
    });
    observer.publish(SET_CONFIG, r#"{"client": "back", "on": false}"#);
    lamp.await_leds([0, 0, 0]);
    let back = colours(&proxy).split_off(way.len());
    let highest = back.iter().map(|duty| duty[0]).max().unwrap();
    let turn = back.iter().position(|duty| duty[0] == highest).unwrap();
    assert!(back[..turn].is_sorted_by_key(|duty| duty[0]), "{back:?}");
    assert!(back[turn..].is_sorted_by(|a, b| b[0] <= a[0]), "{back:?}");
}

#[test]
fn gamma_corrects_dim_light() {
    let lamp = Lamp::new();
    let mut observer = lamp.observer();
    let service = lamp.start_with(&["--gamma", "2.2", "--frequency", "200"]);
    observer.next_where(CHANGED, |message| !message.retained);
    service.await_log(", 1000 levels at 200 Hz", 1);
    for (brightness, duty) in [(1.0, 1000), (0.5, 218), (0.1, 6), (0.01, 1), (0.0, 0)] {
        let request = state(0.3, 0.0, brightness, true, "dim");
        observer.publish(SET_CONFIG, request.clone());
        // The published state is the requested one.
        assert_eq!(observer.next(CHANGED).payload, request);
        lamp.await_leds([duty; 3]);
    }
}

#[test]
fn each_frequency_has_the_levels_of_the_manual() {
    let lamp = Lamp::new();
    let help = String::from_utf8(crate::service().arg("--help").output().unwrap().stdout).unwrap();
    for hertz in ["1000", "800", "500", "400", "320", "250", "200"] {
        let levels = {
            let service = lamp.start_with(&["--frequency", hertz]);
            service.await_log("driving the LEDs", 1);
            lamp.pigpiod.ask("prrg 19").unwrap()
        };
        assert!(
            help.contains(&format!("{hertz} Hz: {levels} levels")),
            "{hertz} Hz has {levels} levels: {help}"
        );
        for pin in PINS {
            assert_eq!(lamp.pigpiod.ask(&format!("pfg {pin}")), hertz.parse().ok(), "GPIO {pin}");
            assert_eq!(lamp.pigpiod.ask(&format!("prg {pin}")), Some(1000), "GPIO {pin}");
        }
    }
}

#[test]
fn restores_the_configured_state_at_the_start() {
    for (wish, was, is) in
        [("last", false, false), ("on", false, true), ("off", true, false), ("last", true, true)]
    {
        let lamp = Lamp::new();
        std::fs::write(lamp.state_file(), kept(&state(0.5, 0.5, 0.5, was, "x"))).unwrap();
        let mut observer = lamp.observer();
        let _service = lamp.start_with(&["--restore", wish]);
        assert_eq!(observer.next(CHANGED).payload, state(0.5, 0.5, 0.5, is, "x"), "{wish}");
        lamp.await_leds(if is { [250, 500, 500] } else { [0, 0, 0] });
    }
}

#[test]
fn sighup_reads_the_settings_again() {
    let lamp = Lamp::new();
    let settings = lamp.folder.path().join("settings");
    std::fs::write(&settings, "# nothing yet\n").unwrap();
    let mut observer = lamp.observer();
    let mut service = lamp.start_with(&["--settings", settings.to_str().unwrap()]);
    observer.next_where(CHANGED, |message| !message.retained);
    let dim = state(0.3, 0.0, 0.5, true, "dim");
    observer.publish(SET_CONFIG, dim.clone());
    lamp.await_leds([500; 3]);

    std::fs::write(&settings, "gamma = 2.2\nfrequency = 200\nbroker = elsewhere:1883\n").unwrap();
    service.signal(Signal::SIGHUP);
    service.await_log(
        "reloaded the settings: restore last, transition 0 s, gamma 2.2, frequency 200 Hz, \
         home-assistant none",
        1,
    );
    // The light changes at once, without a request.
    lamp.await_leds([218; 3]);
    assert_eq!(lamp.pigpiod.ask("pfg 13"), Some(200));

    // A mistake changes nothing and is logged.
    std::fs::write(&settings, "gamma = 1\ntransition = soon\n").unwrap();
    service.signal(Signal::SIGHUP);
    service.await_log("cannot reload the settings: ", 1);
    service.await_log("invalid value 'soon' for '--transition <SECONDS>'", 1);
    observer.publish(SET_CONFIG, state(0.3, 0.0, 0.1, true, "still"));
    lamp.await_leds([6; 3]);

    std::fs::remove_file(&settings).unwrap();
    service.signal(Signal::SIGHUP);
    lamp.await_leds([100; 3]);
    assert!(service.terminate().success());
}

#[test]
fn a_changed_peer_takes_effect_at_the_next_start() {
    let lamp = Lamp::new();
    let settings = lamp.folder.path().join("settings");
    let call = |arguments: &[&str]| {
        let mut command = crate::service();
        command.env("PIGPIO_PORT", lamp.pigpiod.port().to_string());
        command.arg("--state").arg(lamp.state_file()).arg("--settings").arg(&settings).args(arguments);
        test_support::Process::start(&mut command, "")
    };
    std::fs::write(&settings, format!("broker = {}\n", lamp.broker.address())).unwrap();
    let mut observer = lamp.observer();
    let service = call(&[]);
    observer.next(CHANGED);
    std::fs::write(&settings, "broker = elsewhere.invalid:1883\n").unwrap();
    service.signal(Signal::SIGHUP);
    service.await_log("; restart lamp_service to apply: broker", 1);
    observer.publish(SET_CONFIG, state(0.5, 0.5, 0.5, true, "x"));
    lamp.await_leds([250, 500, 500]);
}

/// The lamp's description for Home Assistant.
fn description(observer: &mut MqttObserver, topic: &str) -> HashMap<String, Value> {
    let message = observer.next_where(topic, |message| !message.payload.is_empty());
    assert_eq!(message.qos, QoS::AtLeastOnce);
    serde_json::from_str(&message.payload).unwrap()
}

/// The topic of the lamp's description below `ha`.
fn config_topic(home: &MqttObserver) -> String {
    wait_for("a description", PATIENCE, || {
        home.messages().into_iter().map(|message| message.topic).find(|topic| topic.starts_with("ha/"))
    })
}

/// The suite home-assistant tests this with the real Home Assistant.
#[test]
fn home_assistant_discovers_and_controls_the_lamp() {
    let lamp = Lamp::new();
    let settings = lamp.folder.path().join("settings");
    std::fs::write(&settings, "home-assistant = ha\n").unwrap();
    let mut home = MqttObserver::connect(lamp.broker.port(), &["ha/light/#", "lamp/#"]);
    let mut service = lamp.start_with(&["--settings", settings.to_str().unwrap()]);
    home.next_where(CHANGED, |message| !message.retained);
    let topic = config_topic(&home);
    assert!(topic.starts_with("ha/light/lampi_") && topic.ends_with("/config"), "{topic}");
    // The ID stored beside the state, on a machine with a network interface.
    if let Some((identity, _)) = identity::find(Path::new("/"), &lamp.state_file()) {
        assert_eq!(
            std::fs::read_to_string(lamp.folder.path().join("device-id")).unwrap(),
            identity.content()
        );
        assert_eq!(topic, format!("ha/light/lampi_{}/config", identity.id()));
    }
    // An older version may have described another kind of light there.
    assert_eq!(home.next(&topic).payload, "");
    let light = description(&mut home, &topic);
    let text = |key: &str| light[key].as_str().unwrap();
    // As a later client receives it.
    let mut late = MqttObserver::connect(lamp.broker.port(), &["ha/light/#", "lamp/#"]);
    assert!(late.next(&topic).retained);

    // Availability is the existing Last Will.
    assert_eq!(text("availability_topic"), "lamp/connection/lamp_service/state");
    assert_eq!((text("payload_available"), text("payload_not_available")), ("1", "0"));
    assert_eq!(text("schema"), "json");

    // Commands and states use Home Assistant's numbers; the lamp's own topics have two decimals.
    let mut told = home.next(text("state_topic")).payload;
    for (call, answer, changed, duty) in [
        (
            r#"{"state": "ON", "color": {"h": 120.0, "s": 100.0}}"#,
            json!({"state": "ON", "color_mode": "hs", "color": {"h": 120.0, "s": 100.0}, "brightness": 255}),
            state(0.33, 1.0, 1.0, true, "home_assistant"),
            [20, 1000, 0],
        ),
        (
            r#"{"state": "ON", "brightness": 1}"#,
            json!({"state": "ON", "color_mode": "hs", "color": {"h": 120.0, "s": 100.0}, "brightness": 1}),
            state(0.33, 1.0, 0.01, true, "home_assistant"),
            [0, 10, 0],
        ),
        (
            r#"{"state": "OFF", "transition": 0.5}"#,
            json!({"state": "OFF", "color_mode": "hs", "color": {"h": 120.0, "s": 100.0}, "brightness": 1}),
            state(0.33, 1.0, 0.01, false, "home_assistant"),
            [0, 0, 0],
        ),
    ] {
        home.publish(text("command_topic"), call);
        assert_eq!(home.next(CHANGED).payload, changed);
        told = home.next(text("state_topic")).payload;
        assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), answer);
        lamp.await_leds(duty);
    }
    // An invalid command changes nothing.
    home.publish(text("command_topic"), r#"{"state": "ON", "brightness": 300}"#);
    service.await_log("rejected a message on lamp/home_assistant/set: brightness is 300", 1);

    // The description is published again when Home Assistant starts.
    home.publish("ha/status", "offline");
    home.publish("ha/status", "online");
    assert_eq!(description(&mut home, &topic), light);

    // A restart publishes the same description, with the requested numbers.
    assert!(service.terminate().success());
    let mut service = lamp.start_with(&["--settings", settings.to_str().unwrap()]);
    assert_eq!(description(&mut home, &topic), light);
    assert_eq!(home.next(text("state_topic")).payload, told);

    // Removing the setting removes the lamp from Home Assistant.
    std::fs::write(&settings, "").unwrap();
    service.signal(Signal::SIGHUP);
    assert_eq!(home.next(&topic).payload, "");
    assert_eq!(home.next(text("state_topic")).payload, "");
    let descriptions = home.messages().iter().filter(|message| message.topic == topic).count();
    assert_eq!(descriptions, 5);
    // It accepts no more commands.
    home.publish(text("command_topic"), r#"{"state": "ON"}"#);
    home.publish(SET_CONFIG, r#"{"client": "sentinel"}"#);
    assert_eq!(home.next(CHANGED).payload, state(0.33, 1.0, 0.01, false, "home_assistant"));
    assert_eq!(home.next(CHANGED).payload, state(0.33, 1.0, 0.01, false, "sentinel"));
    assert!(service.terminate().success());
}

#[test]
fn a_home_assistant_command_has_its_own_transition() {
    let lamp = Lamp::new();
    let proxy = TcpProxy::to(lamp.pigpiod.port());
    let mut home = MqttObserver::connect(lamp.broker.port(), &["lamp/#"]);
    let _service = lamp.start_with(&["--home-assistant", "ha", "--pigpiod", &proxy.address()]);
    home.next("lamp/home_assistant/state");
    lamp.await_leds([1000, 0, 0]);
    home.publish(
        "lamp/home_assistant/set",
        r#"{"state": "ON", "color": {"h": 120, "s": 100}, "transition": 0.4}"#,
    );
    lamp.await_leds([20, 1000, 0]);
    assert!(colours(&proxy).len() >= 5, "{:?}", colours(&proxy));
    let way = colours(&proxy).len();
    home.publish("lamp/home_assistant/set", r#"{"state": "OFF"}"#);
    lamp.await_leds([0, 0, 0]);
    assert_eq!(colours(&proxy).len(), way + 1, "without its own it is the configured one");
}

/// A client that connects now finds exactly these descriptions.
#[track_caller]
fn await_descriptions(lamp: &Lamp, expected: &[String]) {
    wait_for(&format!("descriptions {expected:?}"), PATIENCE, || {
        let mut late = MqttObserver::connect(lamp.broker.port(), &["+/light/#", "sentinel"]);
        late.publish("sentinel", "");
        late.next("sentinel");
        let found: Vec<String> = late
            .messages()
            .into_iter()
            .filter(|message| message.retained && message.topic != "sentinel")
            .map(|message| message.topic)
            .collect();
        (found == expected).then_some(())
    });
}

#[test]
fn removes_all_outdated_descriptions() {
    let mut lamp = Lamp::with(Mosquitto::start_with(""), Pigpiod::start());
    let settings = lamp.folder.path().join("settings");
    let arguments = ["--settings", settings.to_str().unwrap()];
    let mut home = MqttObserver::connect(lamp.broker.port(), &["ha/light/#"]);
    std::fs::write(&settings, "home-assistant = ha\n").unwrap();
    let service = lamp.start_with(&arguments);
    service.await_log("connected to MQTT broker", 1);
    let topic = config_topic(&home);
    description(&mut home, &topic);
    let other = topic.replacen("ha/", "other/", 1);
    await_descriptions(&lamp, std::slice::from_ref(&topic));

    // Another prefix, at run time.
    std::fs::write(&settings, "home-assistant = other\n").unwrap();
    service.signal(Signal::SIGHUP);
    await_descriptions(&lamp, std::slice::from_ref(&other));
    // And while the service is stopped.
    drop(service);
    std::fs::write(&settings, "home-assistant = ha\n").unwrap();
    let service = lamp.start_with(&arguments);
    await_descriptions(&lamp, std::slice::from_ref(&topic));
    // The setting was removed before the start.
    drop(service);
    std::fs::write(&settings, "").unwrap();
    let service = lamp.start_with(&arguments);
    await_descriptions(&lamp, &[]);
    let kept = lamp.folder.path().join("home-assistant");
    wait_for("no stored topics", PATIENCE, || {
        std::fs::read_to_string(&kept).unwrap().is_empty().then_some(())
    });
    drop(service);

    // A purge: no service is running.
    std::fs::write(&settings, "home-assistant = ha\n").unwrap();
    let service = lamp.start_with(&arguments);
    await_descriptions(&lamp, std::slice::from_ref(&topic));
    drop(service);
    let output = lamp.command().args(arguments).arg("--forget-home-assistant").output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr)), (Some(0), "".into()));
    await_descriptions(&lamp, &[]);
    assert!(!kept.exists());
    assert!(
        lamp.command().arg("--forget-home-assistant").status().unwrap().success(),
        "there is nothing to do"
    );

    // A broker that is unreachable.
    std::fs::write(&kept, format!("{topic}\n")).unwrap();
    lamp.broker.stop();
    let output = lamp.command().args(arguments).arg("--forget-home-assistant").output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.contains("Home Assistant still shows the lamp") && errors.contains(&topic), "{errors}");
    assert!(kept.exists());
}

#[test]
fn publishes_nothing_for_home_assistant_by_default() {
    let lamp = Lamp::new();
    let mut all = MqttObserver::connect(lamp.broker.port(), &["#"]);
    let _service = lamp.start();
    all.next(CHANGED);
    all.publish(SET_CONFIG, state(0.5, 0.5, 0.5, true, "last"));
    all.next_where(CHANGED, |message| message.payload.contains("last"));
    assert!(all.messages().iter().all(|message| message.topic.starts_with("lamp/")), "{:?}", all.messages());
}
