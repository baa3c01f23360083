// SPDX-License-Identifier: GPL-3.0-or-later
//! `lamp_service` against a real mosquitto and the real pigpiod, with `pigs` and an MQTT client as observers.

mod adoption;
mod backlight;
mod campaign;
mod command_line;
mod contract;
mod dark;
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

/// What a new lamp tells.
const NEW: &str = r#"{"color": {"h": 1.0, "s": 1.0}, "brightness": 1.0, "on": true, "client": ""}"#;

/// GPIOs of the red, green and blue LED.
const PINS: [u8; 3] = programs::pins::LEDS;

/// A lamp on a session: its peers, and a folder for its state.
struct Lamp {
    broker: Mosquitto,
    pigpiod: Pigpiod,
    folder: TempDir,
    state_file: PathBuf,
}

impl Lamp {
    /// With both peers running.
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

    /// Keeps the state in a folder of its own, which is returned, so that something can happen to it.
    fn use_subfolder(&mut self) -> PathBuf {
        let folder = self.folder.path().join("state");
        std::fs::create_dir(&folder).unwrap();
        self.state_file = folder.join("state.json");
        folder
    }

    /// Waits until the state file holds `state`, in the form of `lamp/changed`.
    #[track_caller]
    fn await_kept(&self, state: &str) {
        wait_for(&format!("{state} is kept"), PATIENCE, || (self.kept()? == kept(state)).then_some(()));
    }

    fn kept(&self) -> Option<String> {
        std::fs::read_to_string(self.state_file()).ok()
    }

    /// Starts the service, without waiting for anything.
    fn start(&self) -> Process {
        self.start_with(&[])
    }

    /// Starts the service with further arguments; one that is given again counts more.
    fn start_with(&self, arguments: &[&str]) -> Process {
        Process::start(self.command().args(arguments), "")
    }

    /// The call of the service.
    fn command(&self) -> Command {
        let mut command = service();
        command.args(["--broker", &self.broker.address(), "--pigpiod", &self.pigpiod.address()]);
        command.arg("--state").arg(self.state_file());
        command
    }

    /// A client that hears everything the lamp says.
    fn observer(&self) -> MqttObserver {
        MqttObserver::connect(self.broker.port(), &["lamp/#"])
    }

    /// Starts the service and waits until it has told its state.
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

/// The program under test, apart from the surroundings of whoever runs the test.
fn service() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lamp_service"));
    command.env_clear().args(["--settings", "/nonexistent/lamp_service.conf"]);
    command
}

/// How often a test repeats what it does: a few times, or often in the long campaign that `LAMPI_TEST_CAMPAIGN=long`
/// asks for.
fn rounds(few: usize, many: usize) -> usize {
    if std::env::var("LAMPI_TEST_CAMPAIGN").is_ok_and(|length| length == "long") { many } else { few }
}

/// Asks for a change again and again until it is told.
///
/// Between a connection of the service and its subscription a request finds nobody, and nothing tells when that is over.
#[track_caller]
fn insist(observer: &MqttObserver, request: &str) {
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
