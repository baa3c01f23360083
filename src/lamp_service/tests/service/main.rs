// SPDX-License-Identifier: GPL-3.0-or-later
//! `lamp_service` with a real mosquitto and the real pigpiod; `pigs` and an MQTT client observe it.

mod adoption;
mod backlight;
mod campaign;
mod command_line;
mod contract;
mod dark;
mod document;
mod limits;
mod login;
mod machines;
mod options;
mod peers;
mod state_file;
mod wire;

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;
use test_support::{Mosquitto, MqttObserver, PATIENCE, Pigpiod, Process, wait_for};

/// The topics of the contract.
const SET_CONFIG: &str = "lamp/set_config";
const CHANGED: &str = "lamp/changed";
const CONNECTION: &str = "lamp/connection/lamp_service/state";

/// The state that a new lamp publishes.
const NEW: &str = r#"{"color": {"h": 1.0, "s": 1.0}, "brightness": 1.0, "on": true, "client": ""}"#;

/// The GPIO pins of the red, green and blue LED.
const PINS: [u8; 3] = programs::pins::LEDS;

/// A lamp with its own broker and pigpiod, and a directory for its state.
struct Lamp {
    broker: Mosquitto,
    pigpiod: Pigpiod,
    folder: TempDir,
    state_file: PathBuf,
}

impl Lamp {
    /// Starts both.
    fn new() -> Self {
        Self::with(Mosquitto::start(), Pigpiod::start())
    }

    fn with(broker: Mosquitto, pigpiod: Pigpiod) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state_file = folder.path().join("state.json");
        Self { broker, pigpiod, folder, state_file }
    }

    fn state_file(&self) -> PathBuf {
        self.state_file.clone()
    }

    /// Uses a new subdirectory for the state, and returns it for tests that change it.
    fn use_subfolder(&mut self) -> PathBuf {
        let folder = self.folder.path().join("state");
        std::fs::create_dir(&folder).unwrap();
        self.state_file = folder.join("state.json");
        folder
    }

    /// Waits until the state file contains `state`, in the form of `lamp/changed`.
    #[track_caller]
    fn await_kept(&self, state: &str) {
        wait_for(&format!("{state} is saved"), PATIENCE, || (self.kept()? == kept(state)).then_some(()));
    }

    fn kept(&self) -> Option<String> {
        std::fs::read_to_string(self.state_file()).ok()
    }

    /// Starts the service without waiting.
    fn start(&self) -> Process {
        self.start_with(&[])
    }

    /// Starts the service with further arguments; a repeated option overrides the first.
    fn start_with(&self, arguments: &[&str]) -> Process {
        Process::start(self.command().args(arguments), "")
    }

    /// The command that starts the service.
    fn command(&self) -> Command {
        let mut command = service();
        command.args(["--broker", &self.broker.address(), "--pigpiod", &self.pigpiod.address()]);
        command.arg("--state").arg(self.state_file());
        command
    }

    /// A client that receives all of the lamp's messages.
    fn observer(&self) -> MqttObserver {
        MqttObserver::connect(self.broker.port(), &["lamp/#"])
    }

    /// Starts the service and waits until it has published its state.
    fn start_and_watch(&self) -> (Process, MqttObserver) {
        let mut observer = self.observer();
        let service = self.start();
        observer.next_where(CHANGED, |message| !message.retained);
        (service, observer)
    }

    /// Waits until the LEDs have these duty cycles.
    #[track_caller]
    fn await_leds(&self, duty: [u32; 3]) {
        let mut last = [None; 3];
        let start = std::time::Instant::now();
        while last != duty.map(Some) {
            assert!(start.elapsed() < PATIENCE, "the LEDs are at {last:?} and not at {duty:?}");
            last = self.pigpiod.duty_cycles(PINS);
        }
    }
}

/// The program under test, without the caller's environment.
fn service() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lamp_service"));
    command.env_clear().args(["--settings", "/nonexistent/lamp_service.conf"]);
    command
}

/// How often a test repeats its steps: a few times, or often in the long campaign of
/// `LAMPI_TEST_CAMPAIGN=long`.
fn rounds(few: usize, many: usize) -> usize {
    if std::env::var("LAMPI_TEST_CAMPAIGN").is_ok_and(|length| length == "long") { many } else { few }
}

/// Requests a change repeatedly until it is published.
///
/// Between the service's connection and its subscription, a request is lost, and no event reports the end of
/// that time.
#[track_caller]
fn request_until_published(observer: &MqttObserver, request: &str) {
    let start = std::time::Instant::now();
    wait_for("the lamp to take requests again", PATIENCE, || {
        observer.publish(SET_CONFIG, request);
        let told = |message: &test_support::Message| {
            message.topic == CHANGED && message.at > start && message.payload == request
        };
        observer.messages().iter().any(told).then_some(())
    });
}

/// A complete request or state.
fn state(h: f64, s: f64, brightness: f64, on: bool, client: &str) -> String {
    format!(
        r#"{{"color": {{"h": {h:?}, "s": {s:?}}}, "brightness": {brightness:?}, "on": {on}, "client": "{client}"}}"#
    )
}

/// The state file's content for a state.
fn kept(state: &str) -> String {
    format!("{{\"version\": 1, \"state\": {state}}}\n")
}
