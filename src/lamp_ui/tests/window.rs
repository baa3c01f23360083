// SPDX-License-Identifier: GPL-3.0-or-later
//! The controls in a window of a real X server.

mod rig;

use rig::place::{CORNER, POWER, SLIDERS, STRIP, along};
use rig::{BACKGROUND, is_near, lamp_ui};
use test_support::{Mosquitto, PATIENCE, Process, QoS, Witness, Xvfb, wait_for};
use x11rb::connection::Connection;
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ClientMessageEvent, ConnectionExt as _, EventMask,
    ImageFormat, MOTION_NOTIFY_EVENT, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// A desktop with the lamp's controls in the upper left corner, as there is nobody to put the window elsewhere.
struct Desktop {
    server: Xvfb,
    hand: RustConnection,
    root: Window,
    ui: Process,
    witness: Witness,
    _broker: Mosquitto,
}

impl Desktop {
    fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The same, with a call that `change` has changed.
    fn start_with(change: impl FnOnce(&mut std::process::Command)) -> Self {
        let server = Xvfb::start("400x400x24");
        let broker = Mosquitto::start();
        let witness = Witness::connect(broker.port(), &["lamp/set_config"]);
        let mut call = lamp_ui();
        call.args(["--window", "--broker", &broker.address()]).env("DISPLAY", server.display());
        change(&mut call);
        let ui = Process::start(&mut call, "lampi");
        ui.await_log("is connected to the MQTT broker", 1);
        witness.publish_with("lamp/changed", QoS::AtLeastOnce, true, STATE);
        let (hand, screen) = x11rb::connect(Some(server.display())).expect("the server is there");
        let root = hand.setup().roots[screen].root;
        let desktop = Self { server, hand, root, ui, witness, _broker: broker };
        desktop.await_color(STRIP, [0, 255, 255]);
        desktop
    }

    /// Moves the mouse to a place, or presses or lifts its left button.
    fn mouse(&self, what: u8, (x, y): (usize, usize)) {
        let detail = u8::from(what != MOTION_NOTIFY_EVENT);
        self.hand.xtest_fake_input(what, detail, 0, self.root, x as i16, y as i16, 0).expect("sent");
        self.hand.flush().expect("sent");
    }

    fn await_color(&self, (x, y): (usize, usize), color: [u8; 3]) {
        wait_for(&format!("{color:?} at {x}, {y}"), PATIENCE, || {
            let form = ImageFormat::Z_PIXMAP;
            let image = self
                .hand
                .get_image(form, self.root, x as i16, y as i16, 1, 1, u32::MAX)
                .ok()?
                .reply()
                .ok()?;
            let [blue, green, red, _] = image.data[..] else { panic!("{image:?}") };
            is_near([red, green, blue], color).then_some(())
        });
    }
}

const STATE: &str = r#"{"color": {"h": 0.5, "s": 1.0}, "brightness": 0.25, "on": true, "client": "other"}"#;

#[test]
fn the_mouse_is_a_finger_in_a_window() {
    let mut desktop = Desktop::start();
    desktop.await_color(CORNER, BACKGROUND);

    desktop.mouse(MOTION_NOTIFY_EVENT, POWER);
    desktop.mouse(BUTTON_PRESS_EVENT, POWER);
    desktop.mouse(BUTTON_RELEASE_EVENT, POWER);
    let off = STATE.replace("true", "false").replace("other", "lamp_ui");
    assert_eq!(desktop.witness.next("lamp/set_config").payload, off);

    let at = |value| (along(value), SLIDERS[0]);
    desktop.mouse(MOTION_NOTIFY_EVENT, at(0.5));
    desktop.mouse(BUTTON_PRESS_EVENT, at(0.5));
    desktop.mouse(MOTION_NOTIFY_EVENT, at(0.7));
    // Far out of the window, the finger still holds the thumb.
    desktop.mouse(MOTION_NOTIFY_EVENT, (399, 399));
    desktop.mouse(BUTTON_RELEASE_EVENT, (399, 399));
    let red = off.replace("0.5", "1.0");
    while desktop.witness.next("lamp/set_config").payload != red {}
    desktop.await_color(STRIP, [255, 0, 0]);
}

#[test]
fn the_mouse_has_a_cursor_unless_kivys_configuration_says_none() {
    for (show, is_seen) in [("1", true), ("0", false)] {
        let desktop = Desktop::start_with(|call| {
            call.env("KCFG_GRAPHICS_SHOW_CURSOR", show);
        });
        desktop.hand.xfixes_query_version(5, 0).expect("asked").reply().expect("answered");
        desktop.mouse(MOTION_NOTIFY_EVENT, POWER);
        wait_for(&format!("the cursor of show_cursor = {show}"), PATIENCE, || {
            let image = desktop.hand.xfixes_get_cursor_image().expect("asked").reply().expect("answered");
            (image.cursor_image.iter().any(|pixel| pixel >> 24 > 0) == is_seen).then_some(())
        });
    }
}

#[test]
fn what_covered_the_window_leaves_no_hole() {
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
fn closing_the_window_ends_the_program() {
    let mut desktop = Desktop::start();
    let hand = &desktop.hand;
    let window = hand.query_tree(desktop.root).expect("asked").reply().expect("answered").children[0];
    let atom =
        |name: &str| hand.intern_atom(true, name.as_bytes()).expect("asked").reply().expect("it exists").atom;
    let name = hand.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::STRING, 0, 100).expect("asked");
    assert_eq!(name.reply().expect("answered").value, b"lamp_ui");
    let data = [atom("WM_DELETE_WINDOW"), 0, 0, 0, 0];
    let close = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS"), data);
    hand.send_event(false, window, EventMask::NO_EVENT, close).expect("sent");
    hand.flush().expect("sent");
    assert!(desktop.ui.await_end().success());
}

#[test]
fn the_end_of_the_x_server_ends_the_program() {
    let mut desktop = Desktop::start();
    desktop.server.stop();
    desktop.ui.await_end();
}

#[test]
fn a_display_that_is_not_there_is_a_failure() {
    for (display, reason) in [(Some(":99999"), "the X display :99999"), (None, "DISPLAY names no X display")]
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
