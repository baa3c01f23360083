// SPDX-License-Identifier: GPL-3.0-or-later
//! Measures how soon the light follows a finger, and how many of its colours appear: by touch and by MQTT
//! alone, with Debian's default mosquitto and with `set_tcp_nodelay true`. The real pigpiod is the reference.
//! Prints the figures without judging them; absolute figures depend on the machine, the ratios do not.

#[path = "../tests/rig/mod.rs"]
mod rig;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lamp::color::Color;
use lamp::state::LampState;
use mqtt_client::{Connection, QoS};
use pigpio::{Client, Pin};
use rig::place::{SLIDERS, along};
use rig::{Rig, state};
use runtime::address::Address;
use test_support::{Mosquitto, Pigpiod, Process};

/// Colours in a drag.
const STEPS: usize = 200;

/// Times between two colours: faster than a screen reports, as fast, and slow.
const INTERVALS: [Duration; 3] =
    [Duration::from_millis(10), Duration::from_millis(20), Duration::from_millis(50)];

/// Sequential requests.
const REQUESTS: usize = 300;

/// Long enough for the last colour of a drag.
const REST: Duration = Duration::from_millis(300);

/// The GPIO pins of the LEDs.
const PINS: [Pin; 3] = programs::pins::LEDS;

/// The light of a lamp, as the duty cycles of its LEDs.
type Light = [u32; 3];

fn main() {
    let service = compiled("lamp_service");
    let mut lamps = [
        Lamp::start("mosquitto by default", &service, ""),
        Lamp::start("set_tcp_nodelay true", &service, "set_tcp_nodelay true\n"),
    ];
    let positions = lamps.each_mut().map(Lamp::positions);
    println!(
        "{:<24}{:>36}{:>36}{:>16}",
        format!("{STEPS} colours"),
        lamps[0].name,
        lamps[1].name,
        "ratio p50   p99"
    );
    for interval in INTERVALS {
        let drags = lamps.each_mut().map(|lamp| lamp.drag_by_mqtt(interval));
        row(&format!("MQTT, every {interval:?}"), &drags);
    }
    for interval in INTERVALS {
        let mut positions = positions.iter();
        let drags = lamps.each_mut().map(|lamp| {
            let positions = positions.next().expect("one for each lamp");
            lamp.drag_by_touch(interval, positions)
        });
        row(&format!("touch, every {interval:?}"), &drags);
    }
    row("set_config to changed", &lamps.each_mut().map(Lamp::requests));
}

fn row(what: &str, figures: &[Figures; 2]) {
    let shown = |figures: &Figures| {
        let [p50, p99] = figures.percentiles().map(|time| time.as_secs_f64() * 1000.0);
        format!("{:>4} seen, {p50:>6.2} ms, p99 {p99:>6.2} ms", figures.0.len())
    };
    let [one, other] = figures.each_ref().map(Figures::percentiles);
    let ratio = |place: usize| one[place].as_secs_f64() / other[place].as_secs_f64();
    println!(
        "{what:<24}{:>36}{:>36}{:>10.2}{:>6.2}",
        shown(&figures[0]),
        shown(&figures[1]),
        ratio(0),
        ratio(1)
    );
}

/// The times from a request to its colour, for all colours that appeared.
struct Figures(Vec<Duration>);

impl Figures {
    /// The median and the 99th percentile.
    fn percentiles(&self) -> [Duration; 2] {
        let mut times = self.0.clone();
        times.sort();
        [50, 99].map(|percent| times.get(times.len() * percent / 100).copied().unwrap_or_default())
    }
}

/// A complete lamp on its own ports.
struct Lamp {
    name: &'static str,
    rig: Rig,
    pigpiod: Pigpiod,
    _service: Process,
    _directory: tempfile::TempDir,
}

impl Lamp {
    fn start(name: &'static str, service: &PathBuf, lines: &str) -> Self {
        let pigpiod = Pigpiod::start();
        let rig = Rig::start_between(Mosquitto::start_with(lines), |call| {
            call.args(["--pigpiod", &pigpiod.address()]);
        });
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut call = Command::new(service);
        call.env_clear().args(["--settings", "/nonexistent", "--broker", &rig.broker.address()]);
        call.args(["--pigpiod", &pigpiod.address(), "--state"]).arg(directory.path().join("state.json"));
        let service = Process::start(&mut call, "");
        service.await_log("driving the LEDs", 1);
        let lamp = Self { name, rig, pigpiod, _service: service, _directory: directory };
        // The screen has received the state when it reacts to a touch.
        lamp.rig.await_color(rig::place::STRIP, [255, 0, 0]);
        lamp
    }

    fn gpio(&self) -> Client {
        Client::connect("localhost", self.pigpiod.port(), Duration::from_secs(5)).expect("pigpiod runs")
    }

    /// Positions on the brightness slider with the light of each, all different.
    fn positions(&mut self) -> Vec<(usize, Light)> {
        let mut gpio = self.gpio();
        let place = |step: usize| along(step as f64 / 100.0);
        self.rig.touch.down((place(0), SLIDERS[2]));
        let mut positions: Vec<(usize, Light)> = Vec::new();
        for step in 1..100 {
            self.rig.touch.to((place(step), SLIDERS[2]));
            // Adjacent positions may have the same light, so no event marks it.
            std::thread::sleep(Duration::from_millis(100));
            let light = light(&mut gpio);
            if positions.iter().all(|(_, known)| *known != light) {
                positions.push((place(step), light));
            }
        }
        self.rig.touch.up();
        positions
    }

    /// Requests for complete states, as a phone sends them.
    fn drag_by_mqtt(&mut self, interval: Duration) -> Figures {
        let brightness = |step: usize| (step % 99 + 1) as f64 / 100.0;
        let light = |step: usize| {
            let color = Color { hue: 0.0, saturation: 0.0 };
            LampState { color, brightness: brightness(step), on: true, client: String::new() }.duty_cycles()
        };
        let observer = &self.rig.observer;
        drag(self.gpio(), interval, light, |step| {
            observer.publish("lamp/set_config", state(0.0, 0.0, brightness(step), true, "phone"));
        })
    }

    fn drag_by_touch(&mut self, interval: Duration, positions: &[(usize, Light)]) -> Figures {
        // As when the positions were measured.
        let mut gpio = self.gpio();
        self.rig.observer.publish("lamp/set_config", state(1.0, 1.0, 0.5, true, "phone"));
        while light(&mut gpio) != [500, 0, 0] {}
        self.rig.await_color(rig::place::STRIP, [255, 0, 0]);
        let position = |step: usize| positions[step * 37 % positions.len()];
        let touch = &mut self.rig.touch;
        touch.down((along(0.5), SLIDERS[2]));
        let figures =
            drag(gpio, interval, |step| position(step).1, |step| touch.to((position(step).0, SLIDERS[2])));
        touch.up();
        figures
    }

    /// From each request to the state that confirms it, for a client that acknowledges at once.
    fn requests(&mut self) -> Figures {
        let address = Address { host: "127.0.0.1".into(), port: self.rig.broker.port() };
        let patience = Duration::from_mins(1);
        let mut client = Connection::open(&address, None, "client_of_the_bench", patience).expect("it runs");
        client.subscribe(&["lamp/changed"], QoS::AtLeastOnce).expect("it takes subscriptions");
        let times = (0..REQUESTS).map(|step| {
            let request = state(0.5, 1.0, (step % 99 + 1) as f64 / 100.0, true, "client_of_the_bench");
            let start = Instant::now();
            client.publish("lamp/set_config", false, request.clone()).expect("it takes requests");
            while client.next_message().expect("lamp_service answers").payload != request.as_bytes() {}
            start.elapsed()
        });
        Figures(times.collect())
    }
}

/// Requests a colour after each `interval`, and returns when the LEDs had it, for all that appeared.
fn drag(
    gpio: Client,
    interval: Duration,
    light: impl Fn(usize) -> Light,
    mut ask: impl FnMut(usize),
) -> Figures {
    let witness = Recorder::start(gpio);
    let start = Instant::now();
    let asked: Vec<Instant> = (0..STEPS)
        .map(|step| {
            std::thread::sleep((start + interval * step as u32).saturating_duration_since(Instant::now()));
            let now = Instant::now();
            ask(step);
            now
        })
        .collect();
    std::thread::sleep(REST);
    let mut next = 0;
    let times = witness.end().into_iter().filter_map(|(at, seen)| {
        let step = (next..STEPS).find(|step| asked[*step] <= at && light(*step) == seen)?;
        next = step + 1;
        Some(at - asked[step])
    });
    Figures(times.collect())
}

/// Polls pigpiod for the light on a new thread, and records each change.
struct Recorder {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<(Instant, Light)>>,
}

impl Recorder {
    fn start(mut gpio: Client) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let over = Arc::clone(&is_over);
        let mut last = light(&mut gpio);
        let thread = std::thread::spawn(move || {
            let mut changes = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let light = light(&mut gpio);
                if light != last {
                    changes.push((Instant::now(), light));
                    last = light;
                }
                // Leaves processor time to the measured programs.
                std::thread::sleep(Duration::from_micros(100));
            }
            changes
        });
        Self { is_over, thread }
    }

    fn end(self) -> Vec<(Instant, Light)> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("pigpiod runs")
    }
}

fn light(gpio: &mut Client) -> Light {
    gpio.run(&PINS.map(pigpio::Command::DutyCycle)).expect("pigpiod runs")
}

/// Another program of this workspace, compiled in the same profile.
fn compiled(program: &str) -> PathBuf {
    let lamp_ui = PathBuf::from(rig::lamp_ui().get_program());
    let directory = lamp_ui.parent().expect("a program is in a directory");
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--profile", profile, "--package", program])
        .status();
    assert!(status.expect("cargo runs").success(), "cannot compile {program}");
    directory.join(program)
}
