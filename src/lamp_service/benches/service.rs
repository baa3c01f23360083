// SPDX-License-Identifier: GPL-3.0-or-later
//! Measures the lamp's latency and resource use, compared with a program that only echoes. Prints the figures
//! without judging them; absolute figures depend on the machine.

use std::process::Command;
use std::time::{Duration, Instant};

use pigpio::Client as Gpio;
use rumqttc::{Client, Event, MqttOptions, Packet, QoS};
use test_support::{Mosquitto, MqttObserver, Pigpiod, Process};

/// The argument that makes this program the echo, followed by the broker's port.
const ECHO: &str = "--echo";

/// Requests for each figure of latency.
const SAMPLES: usize = 300;

/// Requests in a burst.
const RUSH: usize = 20_000;

/// The maximum number of requests in flight: fewer than mosquitto queues for a client before it drops
/// messages.
const AHEAD: usize = 500;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == ECHO) {
        return echo(arguments[place + 1].parse().expect("a port"));
    }
    // By default, mosquitto delays a small message until the one before is acknowledged.
    for (broker, lines) in [("mosquitto by default", ""), ("set_tcp_nodelay true", "set_tcp_nodelay true\n")]
    {
        measure(broker, &Mosquitto::start_with(lines));
    }
}

fn measure(name: &str, broker: &Mosquitto) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pigpiod = Pigpiod::start();
    let mut service = Command::new(env!("CARGO_BIN_EXE_lamp_service"));
    service.env_clear().args(["--settings", "/nonexistent", "--broker", &broker.address()]);
    service.args(["--pigpiod", &pigpiod.address(), "--state"]).arg(folder.path().join("state.json"));
    let service = Process::start(&mut service, "");
    let mut echo = Command::new(std::env::current_exe().expect("this program"));
    let _echo = Process::start(echo.args([ECHO, &broker.port().to_string()]), "");
    let mut observer = MqttObserver::connect(broker.port(), &["lamp/changed", "echo/#"]);
    observer.next("lamp/changed");
    observer.next("echo/ready");

    println!("{name}");
    let lamp = latency(&mut observer, "lamp/set_config", "lamp/changed");
    let plain = latency(&mut observer, "echo/ask", "echo/answer");
    row("set_config to lamp/changed, p50", &milliseconds(lamp.0), Some(("echo", ratio(lamp.0, plain.0))));
    row("set_config to lamp/changed, p99", &milliseconds(lamp.1), Some(("echo", ratio(lamp.1, plain.1))));
    let light = to_light(&observer, &pigpiod);
    row("set_config to duty cycles, p50", &milliseconds(light.0), Some(("echo", ratio(light.0, plain.0))));
    row("set_config to duty cycles, p99", &milliseconds(light.1), Some(("echo", ratio(light.1, plain.1))));

    let lamp = rush(&mut observer, "lamp/set_config", "lamp/changed");
    let plain = rush(&mut observer, "echo/ask", "echo/answer");
    row("messages a second", &format!("{lamp:.0}"), Some(("echo", lamp / plain)));
    row("resident memory in KiB", &service.resident().to_string(), None);
    let before = service.wake_ups();
    // No event to wait for: this measures idleness.
    std::thread::sleep(Duration::from_secs(10));
    let woken: u64 = service
        .wake_ups()
        .into_iter()
        .map(|(thread, count)| count - before.get(&thread).copied().unwrap_or(0))
        .sum();
    row("wake-ups a minute when idle", &(woken * 6).to_string(), None);
}

fn row(what: &str, figure: &str, compared: Option<(&str, f64)>) {
    let compared = compared.map_or(String::new(), |(with, ratio)| format!("{ratio:>7.2} of {with}"));
    println!("  {what:<40} {figure:>10} {compared}");
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn request(step: usize) -> String {
    let hue = (step % 101) as f64 / 100.0;
    format!(
        r#"{{"color": {{"h": {hue}, "s": 1.0}}, "brightness": 1.0, "on": true, "client": "step {step}"}}"#
    )
}

fn step_of(payload: &str) -> usize {
    let digits = payload.rsplit_once("step ").map_or("", |(_, rest)| rest.trim_end_matches("\"}"));
    digits.parse().unwrap_or(0)
}

/// The median and 99th percentile of the time from a request to its answer, sequentially.
fn latency(observer: &mut MqttObserver, to: &str, from: &str) -> (Duration, Duration) {
    percentiles((0..SAMPLES).map(|step| {
        let ending = format!("\"step {step}\"}}");
        let start = Instant::now();
        observer.publish(to, request(step));
        observer.next_where(from, |message| message.payload.ends_with(&ending)).at - start
    }))
}

/// The same for the time from a request to the new duty cycle of the green LED, which is polled.
fn to_light(observer: &MqttObserver, pigpiod: &Pigpiod) -> (Duration, Duration) {
    let (host, port) = ("localhost", pigpiod.port());
    let mut gpio = Gpio::connect(host, port, Duration::from_secs(5)).expect("pigpiod runs");
    percentiles((0..SAMPLES).map(|step| {
        let duty = 100 + (step % 2) as u32 * 100;
        let brightness = f64::from(duty) / 1000.0;
        let start = Instant::now();
        observer.publish(
            "lamp/set_config",
            format!(r#"{{"client": "light", "color": {{"h": 0.0, "s": 0.0}}, "brightness": {brightness}}}"#),
        );
        while gpio.run(&[pigpio::Command::DutyCycle(26)]).expect("pigpiod runs") != [duty] {}
        start.elapsed()
    }))
}

fn percentiles(times: impl Iterator<Item = Duration>) -> (Duration, Duration) {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

/// Messages a second in a burst. The last one must have an exact answer.
fn rush(observer: &mut MqttObserver, to: &str, from: &str) -> f64 {
    let start = Instant::now();
    for step in 0..RUSH {
        observer.publish(to, request(step));
        if step % 100 == 99 && step > AHEAD {
            // Not every message has an answer: for a slow broker, the newest state is enough.
            observer.next_where(from, |message| step_of(&message.payload) >= step - AHEAD);
        }
    }
    let last = request(RUSH - 1);
    let end = observer.next_where(from, |message| message.payload == last).at;
    RUSH as f64 / (end - start).as_secs_f64()
}

/// Echoes messages from `echo/ask` to `echo/answer`, retained like the lamp's state.
fn echo(port: u16) {
    let (client, mut connection) = Client::new(MqttOptions::new("echo", "127.0.0.1", port), 1000);
    let mut network = connection.eventloop.network_options();
    network.set_tcp_nodelay(true);
    connection.eventloop.set_network_options(network);
    while let Ok(Ok(event)) = connection.recv() {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => {
                client.try_subscribe("echo/ask", QoS::AtLeastOnce).expect("room in the queue");
            }
            Event::Incoming(Packet::SubAck(_)) => {
                client.try_publish("echo/ready", QoS::AtLeastOnce, true, "1").expect("room in the queue");
            }
            Event::Incoming(Packet::Publish(publish)) => {
                client
                    .try_publish("echo/answer", QoS::AtLeastOnce, true, publish.payload)
                    .expect("room in the queue");
            }
            _ => {}
        }
    }
}
