// SPDX-License-Identifier: GPL-3.0-or-later
//! The real `lamp_ui` with a file as framebuffer, a FIFO as touch screen, and a real mosquitto.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;

use framebuffer::{Decoder, PixelFormat};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use tempfile::TempDir;
use test_support::{Mosquitto, MqttObserver, PATIENCE, Process, QoS, wait_for};

/// Pixels in a row of the lamp's screen.
pub(crate) const WIDTH: usize = 240;
/// Rows of the lamp's screen.
pub(crate) const HEIGHT: usize = 320;

/// Positions on the screen, as (x, y).
pub(crate) mod place {
    /// The y of the sliders' centres from top to bottom: hue, saturation, brightness.
    pub(crate) const SLIDERS: [usize; 3] = [55, 106, 157];
    /// In the colour strip.
    pub(crate) const STRIP: (usize, usize) = (120, 218);
    /// In the vertical line of the power symbol.
    pub(crate) const POWER: (usize, usize) = (120, 264);
    /// Where only the background is drawn.
    pub(crate) const CORNER: (usize, usize) = (3, 3);

    /// The x of a slider's value.
    pub(crate) fn along(value: f64) -> usize {
        46 + (148.0 * value) as usize
    }
}

/// Background of the sliders.
pub(crate) const BACKGROUND: [u8; 3] = [16, 16, 24];

/// A `lamp_ui` with its environment. All started programs end with it.
pub(crate) struct Rig {
    pub ui: Process,
    pub broker: Mosquitto,
    pub observer: MqttObserver,
    pub touch: TouchDevice,
    directory: TempDir,
}

impl Rig {
    /// Starts everything and waits until `lamp_ui` is connected.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The same, with a command that `change` has changed.
    pub(crate) fn start_with(change: impl FnOnce(&mut Command)) -> Self {
        Self::start_between(Mosquitto::start(), change)
    }

    /// The same, with this broker.
    pub(crate) fn start_between(broker: Mosquitto, change: impl FnOnce(&mut Command)) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        make_framebuffer(&directory.path().join("fb"));
        let touch = TouchDevice::make(&directory.path().join("touch"));
        let observer =
            MqttObserver::connect(broker.port(), &["lamp/set_config", "lamp/connection/lamp_ui/state"]);
        let mut call = command(directory.path(), &broker);
        change(&mut call);
        let ui = Process::start(&mut call, "lampi");
        ui.await_log("connected to MQTT broker", 1);
        Self { ui, broker, observer, touch, directory }
    }

    /// The path of the framebuffer.
    pub(crate) fn framebuffer(&self) -> PathBuf {
        self.directory.path().join("fb")
    }

    /// Publishes a retained state like `lamp_service`.
    pub(crate) fn publish_state(&self, hue: f64, saturation: f64, brightness: f64, on: bool, client: &str) {
        let state = state(hue, saturation, brightness, on, client);
        self.observer.publish_with("lamp/changed", QoS::AtLeastOnce, true, state);
    }

    /// Publishes a first state and waits until it is visible.
    pub(crate) fn known(&self) {
        self.publish_state(0.5, 1.0, 0.25, true, "other");
        self.await_color(place::STRIP, [0, 255, 255]);
    }

    /// The colour on the screen at a position.
    pub(crate) fn color(&self, place: (usize, usize)) -> [u8; 3] {
        pixel(&self.framebuffer(), place)
    }

    /// Waits for a colour at a position.
    #[track_caller]
    pub(crate) fn await_color(&self, (x, y): (usize, usize), color: [u8; 3]) {
        let what = format!("{color:?} at {x}, {y}");
        wait_for(&what, PATIENCE, || is_near(self.color((x, y)), color).then_some(()));
    }

    /// The next request for a change, as JSON.
    #[track_caller]
    pub(crate) fn request(&mut self) -> String {
        let message = self.observer.next("lamp/set_config");
        assert_eq!((message.qos, message.retained), (QoS::AtLeastOnce, false), "{message:?}");
        message.payload
    }

    /// Waits for the next request, which must have only these fields, as JSON.
    #[track_caller]
    pub(crate) fn expect_request(&mut self, fields: &str) {
        assert_eq!(self.request(), format!(r#"{{{fields}, "client": "lamp_ui"}}"#));
    }

    /// The same, for a colour.
    #[track_caller]
    pub(crate) fn expect_color(&mut self, hue: f64, saturation: f64) {
        self.expect_request(&format!(r#""color": {{"h": {hue:?}, "s": {saturation:?}}}"#));
    }

    /// The same, for on or off.
    #[track_caller]
    pub(crate) fn expect_on(&mut self, on: bool) {
        self.expect_request(&format!(r#""on": {on}"#));
    }
}

/// A complete request or state, as JSON.
pub(crate) fn state(hue: f64, saturation: f64, brightness: f64, on: bool, client: &str) -> String {
    format!(
        r#"{{"color": {{"h": {hue:?}, "s": {saturation:?}}}, "brightness": {brightness:?}, "on": {on}, "client": "{client}"}}"#
    )
}

/// The command for `lamp_ui` in `directory`.
pub(crate) fn command(directory: &Path, broker: &Mosquitto) -> Command {
    let mut command = lamp_ui();
    command
        .arg("--framebuffer")
        .arg(directory.join("fb"))
        .args(["--geometry", "240x320x16"])
        .arg("--touch")
        .arg(directory.join("touch"))
        .args(["--broker", &broker.address()]);
    command
}

/// The program under test.
pub(crate) fn lamp_ui() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lamp_ui"));
    // Tests do not use the caller's configuration.
    command.env("KIVY_NO_CONFIG", "1");
    command
}

/// Creates a black file to use as the lamp's framebuffer.
pub(crate) fn make_framebuffer(path: &Path) {
    std::fs::write(path, vec![0; WIDTH * HEIGHT * 2]).expect("a file in a temporary directory");
}

/// Whether two colours are equal except for five-bit rounding and anti-aliasing.
pub(crate) fn is_near(one: [u8; 3], other: [u8; 3]) -> bool {
    one.into_iter().zip(other).all(|(one, other)| one.abs_diff(other) <= 8)
}

/// The colour of a pixel of a file-backed framebuffer.
pub(crate) fn pixel(framebuffer: &Path, (x, y): (usize, usize)) -> [u8; 3] {
    let bytes = std::fs::read(framebuffer).unwrap_or_default();
    let start = (y * WIDTH + x) * 2;
    let mut color = [[0; 3]];
    if let Some(pixel) = bytes.get(start..start + 2) {
        Decoder::new(PixelFormat::RGB565).decode(pixel, &mut color);
    }
    color[0]
}

/// A FIFO for the events of a touch screen.
pub(crate) struct TouchDevice {
    file: File,
    tracking_id: i32,
}

impl TouchDevice {
    /// Creates the FIFO.
    pub(crate) fn make(path: &Path) -> Self {
        nix::unistd::mkfifo(path, Mode::S_IRWXU).expect("a FIFO in a temporary directory");
        // Also for reading, so that it can be opened and checked before lamp_ui opens it.
        let file = OpenOptions::new().read(true).write(true).open(path).expect("the FIFO is there");
        Self { file, tracking_id: 0 }
    }

    /// Puts a finger down.
    pub(crate) fn down(&mut self, (x, y): (usize, usize)) {
        self.tracking_id += 1;
        self.packet(&[(0x39, self.tracking_id), (0x35, x as i32), (0x36, y as i32)]);
    }

    /// Puts a finger down and lifts it.
    pub(crate) fn tap(&mut self, place: (usize, usize)) {
        self.down(place);
        self.up();
    }

    /// Puts another finger down and moves it while the first one stays down.
    pub(crate) fn second(&mut self, (x, y): (usize, usize)) {
        self.packet(&[(0x2f, 1), (0x39, 1000), (0x35, x as i32), (0x36, y as i32)]);
        self.packet(&[(0x36, y as i32 - 1)]);
        self.packet(&[(0x39, -1), (0x2f, 0)]);
    }

    /// Moves it.
    pub(crate) fn to(&mut self, (x, y): (usize, usize)) {
        self.packet(&[(0x35, x as i32), (0x36, y as i32)]);
    }

    /// Lifts it.
    pub(crate) fn up(&mut self) {
        self.packet(&[(0x39, -1)]);
    }

    /// Waits until all written events were read.
    pub(crate) fn await_read(&self) {
        wait_for("all touches were read", PATIENCE, || {
            let mut fifo = [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)];
            (poll(&mut fifo, PollTimeout::ZERO) == Ok(0)).then_some(())
        });
    }

    /// Writes a packet of absolute axes as the kernel would.
    fn packet(&mut self, axes: &[(u16, i32)]) {
        self.events(&axes.iter().map(|(axis, value)| (3, *axis, *value)).collect::<Vec<_>>());
    }

    /// Writes a packet of events as the kernel would: type, code and value of each.
    pub(crate) fn events(&mut self, events: &[(u16, u16, i32)]) {
        let event = |(kind, code, value): (u16, u16, i32)| {
            let mut event = vec![0; size_of::<libc::input_event>() - 8];
            event.extend(kind.to_ne_bytes());
            event.extend(code.to_ne_bytes());
            event.extend(value.to_ne_bytes());
            event
        };
        let packet: Vec<u8> = events.iter().copied().chain([(0, 0, 0)]).flat_map(event).collect();
        self.file.write_all(&packet).expect("the FIFO has room");
    }
}
