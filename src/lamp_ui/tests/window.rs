// SPDX-License-Identifier: GPL-3.0-or-later
//! The controls in a window of a real X server.

mod rig;

use rig::place::{CORNER, POWER, SLIDERS, STRIP, along};
use rig::{BACKGROUND, is_near, lamp_ui};
use test_support::{Mosquitto, MqttObserver, Process, QoS, XSession, Xvfb};

/// A desktop with the controls in the upper left corner; no window manager moves the window.
struct Desktop {
    server: Xvfb,
    session: XSession,
    ui: Process,
    observer: MqttObserver,
    _broker: Mosquitto,
}

impl Desktop {
    fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The same, with a command that `change` has changed.
    fn start_with(change: impl FnOnce(&mut std::process::Command)) -> Self {
        let server = Xvfb::start("400x400x24");
        let broker = Mosquitto::start();
        let observer = MqttObserver::connect(broker.port(), &["lamp/set_config"]);
        let mut call = lamp_ui();
        call.args(["--window", "--broker", &broker.address()]).env("DISPLAY", server.display());
        change(&mut call);
        let ui = Process::start(&mut call, "lampi");
        ui.await_log("connected to MQTT broker", 1);
        observer.publish_with("lamp/changed", QoS::AtLeastOnce, true, STATE);
        let session = XSession::at(&server);
        let desktop = Self { server, session, ui, observer, _broker: broker };
        desktop.await_color(STRIP, [0, 255, 255]);
        desktop
    }

    fn await_color(&self, place: (usize, usize), color: [u8; 3]) {
        self.session.await_color(place, |found| is_near(found, color));
    }
}

const STATE: &str = r#"{"color": {"h": 0.5, "s": 1.0}, "brightness": 0.25, "on": true, "client": "other"}"#;

#[test]
fn the_mouse_acts_as_a_finger_in_a_window() {
    let mut desktop = Desktop::start();
    desktop.await_color(CORNER, BACKGROUND);

    desktop.session.click(POWER);
    let off = r#"{"on": false, "client": "lamp_ui"}"#;
    assert_eq!(desktop.observer.next("lamp/set_config").payload, off);

    let at = |value| (along(value), SLIDERS[0]);
    desktop.session.move_to(at(0.5));
    desktop.session.press(at(0.5));
    desktop.session.move_to(at(0.7));
    // Outside the window, the finger still holds the thumb.
    desktop.session.move_to((399, 399));
    desktop.session.release((399, 399));
    let red = r#"{"color": {"h": 1.0, "s": 1.0}, "client": "lamp_ui"}"#;
    while desktop.observer.next("lamp/set_config").payload != red {}
    desktop.await_color(STRIP, [255, 0, 0]);
}

#[test]
fn the_mouse_has_a_cursor_unless_kivys_configuration_hides_it() {
    for (show, is_seen) in [("1", true), ("0", false)] {
        let desktop = Desktop::start_with(|call| {
            call.env("KCFG_GRAPHICS_SHOW_CURSOR", show);
        });
        desktop.session.move_to(POWER);
        desktop.session.await_cursor(is_seen);
    }
}

#[test]
fn redraws_covered_parts_of_the_window() {
    let desktop = Desktop::start();
    let mut logo = std::process::Command::new("xlogo");
    logo.args(["-fg", "red", "-bg", "red", "-geometry", "400x400+0+0"])
        .env("DISPLAY", desktop.server.display());
    let mut logo = Process::start(&mut logo, "x11-apps");
    desktop.await_color(STRIP, [255, 0, 0]);
    logo.terminate();
    desktop.await_color(STRIP, [0, 255, 255]);
}

#[test]
fn closing_the_window_stops_the_program() {
    let mut desktop = Desktop::start();
    desktop.session.close_window("lamp_ui");
    assert!(desktop.ui.await_end().success());
}

#[test]
fn the_end_of_the_x_server_stops_the_program() {
    let mut desktop = Desktop::start();
    desktop.server.stop();
    desktop.ui.await_end();
}

#[test]
fn a_missing_display_is_an_error() {
    for (display, reason) in
        [(Some(":99999"), "the X display :99999"), (None, "DISPLAY does not name an X display")]
    {
        let mut call = lamp_ui();
        match display {
            Some(display) => call.env("DISPLAY", display),
            None => call.env_remove("DISPLAY"),
        };
        let output = call.arg("--window").output().expect("lamp_ui starts");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && complaint.contains(reason), "{output:?}");
    }
}
