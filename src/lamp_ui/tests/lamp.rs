// SPDX-License-Identifier: GPL-3.0-or-later
//! Screen, finger and lamp together.

mod rig;

use rig::place::{CORNER, POWER, SLIDERS, STRIP, along};
use rig::{BACKGROUND, Rig, TouchDevice, is_near, lamp_ui, make_framebuffer, pixel, state};
use test_support::{Mosquitto, MqttObserver, PATIENCE, Process, QoS, wait_for};

#[test]
fn the_frame_follows_the_lamp() {
    let rig = Rig::start();
    let [hue, saturation, brightness] = SLIDERS;

    rig.publish_state(0.0, 0.0, 0.0, true, "other");
    rig.await_color(STRIP, [255; 3]);
    rig.await_color(POWER, [255; 3]);
    rig.await_color((along(0.0), hue), [255, 0, 0]);
    rig.await_color((along(0.0), saturation), [255; 3]);
    rig.await_color((along(0.0) - 11, brightness), [0; 3]);

    rig.publish_state(0.66, 0.5, 0.75, false, "other");
    rig.await_color(STRIP, [128, 133, 255]);
    rig.await_color(POWER, [156, 154, 156]);
    rig.await_color((along(0.66), hue), [0, 10, 255]);
    rig.await_color((along(0.5), saturation), [128, 133, 255]);
    // Beside the sun in the middle of the thumb.
    rig.await_color((along(0.75) - 11, brightness), [191; 3]);
    // Where the first thumbs exceeded the track, the background is back.
    for slider in SLIDERS {
        assert!(is_near(rig.color((along(0.0) - 12, slider)), BACKGROUND));
    }
}

#[test]
fn a_drag_on_the_hue_slider_publishes_the_thumbs_value() {
    let mut rig = Rig::start();
    rig.known();
    let hue = SLIDERS[0];

    rig.touch.down((along(0.5), hue));
    for value in [0.6, 0.7, 0.8, 0.9] {
        rig.touch.to((along(value), hue));
    }
    rig.touch.up();
    let last = r#"{"color": {"h": 0.9, "s": 1.0}, "client": "lamp_ui"}"#;
    while rig.request() != last {}
    rig.await_color((along(0.9), hue), [255, 0, 153]);
    rig.await_color(STRIP, [255, 0, 153]);
    rig.await_color(POWER, [255, 0, 153]);
}

#[test]
fn every_slider_reaches_both_ends_and_changes_only_its_value() {
    let mut rig = Rig::start();
    rig.known();
    // Starts with (0.5, 1, 0.25); moves from edge to edge of the screen.
    for (slider, at_left, at_right) in [
        (0, r#""color": {"h": 0.0, "s": 1.0}"#, r#""color": {"h": 1.0, "s": 1.0}"#),
        (1, r#""color": {"h": 1.0, "s": 0.0}"#, r#""color": {"h": 1.0, "s": 1.0}"#),
        (2, r#""brightness": 0.0"#, r#""brightness": 1.0"#),
    ] {
        for (x, fields) in [(0, at_left), (239, at_right)] {
            rig.touch.tap((x, SLIDERS[slider]));
            rig.expect_request(fields);
        }
    }
}

#[test]
fn the_toggle_switches_and_switches_back() {
    let mut rig = Rig::start();
    rig.known();
    for on in [false, true] {
        rig.touch.tap((20, 300));
        rig.expect_on(on);
        rig.await_color(POWER, if on { [0, 255, 255] } else { [156, 154, 156] });
    }
}

/// Type, code and value.
type Event = (u16, u16, i32);

#[test]
fn a_tap_switches_once_whatever_the_protocol() {
    const END: Event = (0, 2, 0);
    const PRESS: Event = (1, 0x14a, 1);
    const RELEASE: Event = (1, 0x14a, 0);
    let place = [(3, 0x35, 20), (3, 0x36, 300)];
    let single = [(3, 0x00, 20), (3, 0x01, 300)];
    let listed = [&place[..], &[END]].concat();
    let with_id = [&[(3, 0x39, 4)][..], &listed].concat();
    let pressed = [&single[..], &[(3, 0x18, 90)]].concat();
    let two = [&[(3, 0x35, 200), (3, 0x36, 10), END][..], &listed].concat();
    let taps: [(&str, Vec<Event>, Vec<Event>); 6] = [
        ("protocol A without ids", listed.clone(), vec![END]),
        ("protocol A with ids", [&[PRESS][..], &with_id].concat(), vec![RELEASE]),
        ("protocol A, an empty packet", with_id, vec![]),
        ("BTN_TOUCH", [&single[..], &[PRESS]].concat(), vec![RELEASE]),
        ("BTN_LEFT", [&single[..], &[(1, 0x110, 1)]].concat(), vec![(1, 0x110, 0)]),
        ("pressure", pressed, vec![(3, 0x18, 0)]),
    ];
    for (name, packet, end) in &taps {
        let mut rig = Rig::start();
        rig.known();
        for on in [false, true] {
            // As many as in 120 ms.
            for _ in 0..9 {
                rig.touch.events(packet);
            }
            if *name == "protocol A without ids" {
                // Another finger comes first in the list, and is lifted first.
                rig.touch.events(&two);
                rig.touch.events(&listed);
            }
            rig.touch.events(end);
            assert!(rig.request().contains(&format!(r#""on": {on}"#)), "{name}");
        }
        // If it had switched more often, this would not be the next.
        rig.touch.events(packet);
        rig.touch.events(end);
        assert!(rig.request().contains(r#""on": false"#), "{name}");
    }
}

#[test]
fn a_touch_before_the_state_is_known_publishes_nothing() {
    let mut rig = Rig::start();
    for place in [(along(0.2), SLIDERS[0]), POWER] {
        rig.touch.tap(place);
    }
    // A finger that is still down when the state arrives must not start to drag.
    rig.touch.down((along(0.2), SLIDERS[2]));
    rig.touch.await_read();
    rig.known();
    rig.touch.to((along(0.9), SLIDERS[2]));
    rig.touch.up();

    rig.touch.down((along(0.3), SLIDERS[1]));
    rig.expect_color(0.5, 0.3);
}

#[test]
fn the_thumb_stays_under_the_finger_while_others_change_the_lamp() {
    let mut rig = Rig::start();
    rig.known();
    let (held, elsewhere) = ((along(0.5), SLIDERS[0]), (along(0.1), SLIDERS[0]));
    // The finger changes nothing: the thumb is at 0.5.
    rig.touch.down(held);
    rig.touch.await_read();
    rig.publish_state(0.1, 1.0, 0.25, true, "other");
    rig.publish_state(0.1, 1.0, 0.25, true, "lamp_ui");
    // A broker may acknowledge a message before it delivers it to others; lamp_ui's next message comes after
    // what it has received.
    rig.observer.await_acknowledged(3);
    rig.touch.to((along(0.51), SLIDERS[0]));
    rig.request();
    rig.await_color(held, [0, 240, 255]);
    rig.publish_state(0.51, 1.0, 0.25, true, "lamp_ui");
    rig.publish_state(0.1, 1.0, 0.25, true, "other");
    rig.observer.await_acknowledged(5);
    rig.touch.up();
    rig.await_color(elsewhere, [255, 153, 0]);
}

#[test]
fn own_echoes_are_ignored_except_the_first() {
    let rig = Rig::start();
    rig.publish_state(0.0, 1.0, 1.0, true, "lamp_ui");
    rig.await_color(STRIP, [255, 0, 0]);
    rig.publish_state(0.5, 1.0, 1.0, true, "lamp_ui");
    rig.publish_state(0.0, 1.0, 1.0, false, "other");
    rig.await_color(POWER, [156, 154, 156]);
    assert!(is_near(rig.color(STRIP), [255, 0, 0]), "the echo was shown");
}

#[test]
fn many_echoes_move_nothing_and_cause_no_message() {
    let mut rig = Rig::start();
    rig.known();
    for step in 0..500 {
        rig.publish_state(f64::from(step % 100) / 100.0, 1.0, 1.0, step % 2 == 0, "lamp_ui");
    }
    rig.observer.await_acknowledged(501);
    rig.touch.down((along(0.3), SLIDERS[1]));
    rig.expect_color(0.5, 0.3);
}

#[test]
fn a_second_finger_changes_nothing() {
    let mut rig = Rig::start();
    rig.known();
    rig.touch.down((along(0.5), SLIDERS[0]));
    rig.touch.second((20, 300));
    rig.touch.to((along(0.7), SLIDERS[0]));
    rig.expect_color(0.7, 1.0);
}

#[test]
fn nothing_wakes_an_idle_screen() {
    let rig = Rig::start();
    rig.known();
    // The main thread, whose ID is the process ID.
    let wakes = || {
        let status = std::fs::read_to_string(format!("/proc/{0}/task/{0}/status", rig.ui.pid())).unwrap();
        status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).map(str::to_owned).unwrap()
    };
    // When it sleeps again, it has handled the last message; then it stays asleep.
    let quiet = wait_for("the screen is idle", PATIENCE, || {
        let before = wakes();
        std::thread::sleep(std::time::Duration::from_millis(300));
        (wakes() == before).then_some(before)
    });
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(wakes(), quiet);
}

#[test]
fn reconnects_to_an_unstable_broker() {
    let mut rig = Rig::start();
    rig.known();
    for times in 2..5 {
        rig.broker.stop();
        rig.await_color(STRIP, [41, 40, 41]);
        rig.broker.restart();
        rig.ui.await_log("connected to MQTT broker", times);
    }
    rig.publish_state(0.0, 1.0, 1.0, true, "lamp_ui");
    rig.await_color(STRIP, [255, 0, 0]);
}

#[test]
fn ignores_a_message_that_is_not_a_state() {
    let rig = Rig::start();
    rig.known();
    rig.observer.publish("lamp/changed", r#"{"color": {"h": 7}}"#);
    rig.observer.publish("lamp/changed", "\u{0}");
    rig.ui.await_log("ignored a message on lamp/changed: ", 2);
    rig.publish_state(0.0, 1.0, 1.0, true, "other");
    rig.await_color(STRIP, [255, 0, 0]);
}

#[test]
fn stores_only_changes() {
    let rig = Rig::start();
    rig.known();
    // Another program's pixel in a corner, where nothing changes.
    let mut bytes = std::fs::read(rig.framebuffer()).unwrap();
    let corner = (CORNER.1 * rig::WIDTH + CORNER.0) * 2;
    bytes[corner..corner + 2].copy_from_slice(&[0xff; 2]);
    std::fs::write(rig.framebuffer(), bytes).unwrap();
    rig.publish_state(0.0, 0.5, 0.9, false, "other");
    rig.await_color(POWER, [156, 154, 156]);
    assert_eq!(rig.color(CORNER), [255; 3]);
}

#[test]
fn reconnects_after_the_broker_restarts_and_shows_its_first_state() {
    let mut rig = Rig::start();
    rig.known();
    rig.touch.down((along(0.5), SLIDERS[0]));
    rig.touch.await_read();
    rig.broker.stop();
    rig.ui.await_log("disconnected from MQTT broker", 1);
    // Neither strip nor thumb shows an unknown state.
    rig.await_color(STRIP, [41, 40, 41]);
    rig.broker.restart();
    rig.ui.await_log("connected to MQTT broker", 2);
    rig.observer.await_subscriptions(4);
    rig.touch.to((along(0.8), SLIDERS[0]));
    rig.publish_state(0.0, 1.0, 1.0, true, "lamp_ui");
    rig.await_color(STRIP, [255, 0, 0]);
    rig.touch.to((along(0.9), SLIDERS[0]));
    rig.touch.up();
    rig.touch.tap(POWER);
    rig.expect_on(false);
}

/// After a power cut, the broker retains an online message and a state before the service connects.
#[test]
fn a_service_that_connects_after_a_touch_receives_it() {
    let mut rig = Rig::start();
    rig.known();
    rig.touch.tap(POWER);
    rig.expect_on(false);
    rig.observer.publish("lamp/connection/lamp_service/state", "1");
    rig.expect_on(false);
    rig.publish_state(0.5, 1.0, 0.25, false, "lamp_ui");
    // No request is missing now: the service's state is shown, although its client is lamp_ui.
    rig.publish_state(0.0, 1.0, 1.0, true, "lamp_ui");
    rig.observer.publish("lamp/connection/lamp_service/state", "1");
    rig.await_color(STRIP, [255, 0, 0]);
}

#[test]
fn sigterm_clears_the_screen_and_publishes_the_connection_state() {
    let mut rig = Rig::start();
    rig.known();
    assert_eq!(rig.observer.next("lamp/connection/lamp_ui/state").payload, "1");
    assert_eq!(rig.ui.terminate().code(), Some(0));
    assert!(std::fs::read(rig.framebuffer()).unwrap().iter().all(|byte| *byte == 0));
    let state = rig.observer.next("lamp/connection/lamp_ui/state");
    assert_eq!((state.payload.as_str(), state.qos), ("0", QoS::ExactlyOnce));
}

#[test]
fn a_sudden_end_publishes_the_last_will() {
    let mut rig = Rig::start();
    assert_eq!(rig.observer.next("lamp/connection/lamp_ui/state").payload, "1");
    rig.ui.kill();
    assert_eq!(rig.observer.next("lamp/connection/lamp_ui/state").payload, "0");
    let mut later = MqttObserver::connect(rig.broker.port(), &["lamp/connection/lamp_ui/state"]);
    let kept = later.next("lamp/connection/lamp_ui/state");
    assert_eq!((kept.payload.as_str(), kept.qos, kept.retained), ("0", QoS::ExactlyOnce, true));
}

#[test]
fn rejects_a_second_one_on_the_same_screen_before_it_connects() {
    let mut rig = Rig::start();
    rig.known();
    let second = rig::command(rig.framebuffer().parent().unwrap(), &rig.broker).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&second.stderr),
        format!(
            "lamp_ui: process {} already writes to {}; stop it first\n",
            rig.ui.pid(),
            rig.framebuffer().display()
        )
    );
    rig.touch.down((along(0.3), SLIDERS[1]));
    assert!(rig.request().contains(r#""s": 0.3"#));
    assert!(
        !rig.ui.log().iter().any(|line| line.contains("disconnected from MQTT broker")),
        "{:?}",
        rig.ui.log()
    );

    rig.ui.kill();
    let third = Process::start(&mut rig::command(rig.framebuffer().parent().unwrap(), &rig.broker), "lampi");
    third.await_log("connected to MQTT broker", 1);
}

#[test]
fn devices_and_broker_may_appear_late_and_in_any_order() {
    let directory = tempfile::tempdir().unwrap();
    let mut broker = Mosquitto::absent();
    let ui = Process::start(&mut rig::command(directory.path(), &broker), "lampi");
    ui.await_log("waiting for the framebuffer", 1);
    ui.await_log("waiting for a touch screen", 1);
    ui.await_log("cannot connect to MQTT broker", 1);
    broker.restart();
    let mut observer = MqttObserver::connect(broker.port(), &["lamp/set_config"]);
    ui.await_log("connected to MQTT broker", 1);
    observer.publish_with("lamp/changed", QoS::AtLeastOnce, true, state(0.5, 1.0, 1.0, true, ""));

    let framebuffer = directory.path().join("fb");
    let shown = || {
        wait_for("the lamp's colour is shown", PATIENCE, || {
            is_near(pixel(&framebuffer, STRIP), [0, 255, 255]).then_some(())
        });
    };
    make_framebuffer(&framebuffer);
    shown();
    let mut touch = TouchDevice::make(&directory.path().join("touch"));
    touch.tap(POWER);
    assert!(observer.next("lamp/set_config").payload.contains(r#""on": false"#));

    // Waits for a framebuffer that disappears, and draws again.
    std::fs::remove_file(&framebuffer).unwrap();
    touch.tap(POWER);
    ui.await_log("waiting for the framebuffer", 2);
    make_framebuffer(&framebuffer);
    shown();
    let lines = ui.log();
    let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!((count("waiting for"), count("cannot connect to MQTT broker")), (3, 1), "{lines:?}");
}

#[test]
fn fills_other_screens_in_their_format() {
    let broker = Mosquitto::start();
    let directory = tempfile::tempdir().unwrap();
    let framebuffer = directory.path().join("fb");
    // Twice the size, 32 bits, with padded rows.
    std::fs::write(&framebuffer, vec![0; 2048 * 640]).unwrap();
    let mut touch = TouchDevice::make(&directory.path().join("touch"));
    let mut observer = MqttObserver::connect(broker.port(), &["lamp/set_config"]);
    let _ui = Process::start(
        lamp_ui()
            .arg("--framebuffer")
            .arg(&framebuffer)
            .args(["--geometry", "480x640x32:2048"])
            .arg("--touch")
            .arg(directory.path().join("touch"))
            .args(["--broker", &broker.address()]),
        "lampi",
    );
    observer.publish_with("lamp/changed", QoS::AtLeastOnce, true, state(0.08, 1.0, 1.0, true, ""));
    let pixel = |(x, y): (usize, usize)| {
        let bytes = std::fs::read(&framebuffer).unwrap();
        let start = 2 * y * 2048 + 2 * x * 4;
        [bytes[start + 2], bytes[start + 1], bytes[start]]
    };
    wait_for("the lamp's colour is shown", PATIENCE, || is_near(pixel(STRIP), [255, 122, 0]).then_some(()));
    assert!(is_near(pixel((239, 3)), BACKGROUND));
    // A touch is in pixels of the screen at any size.
    touch.down((2 * along(0.25), 2 * SLIDERS[1]));
    assert!(observer.next("lamp/set_config").payload.contains(r#""s": 0.25"#));
}
