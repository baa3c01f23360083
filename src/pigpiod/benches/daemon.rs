// SPDX-License-Identifier: GPL-3.0-or-later
//! Latency and idle cost of the daemon, compared with pigpio's own on simulated registers. Only prints
//! figures, because they depend on the machine.
//!
//! This daemon writes to files in a directory, which costs about as much as /sys without the kernel's work;
//! pigpio's own writes to memory.

use std::process::Command as Program;
use std::time::{Duration, Instant};

use pigpio::{Client, Command, Mode, Pull};
use test_support::{Machine, PATIENCE, Pigpiod, Process, free_port, pigs, wait_for};

/// Number of colours for each latency.
const SAMPLES: u32 = 20_000;

const PINS: [u8; 3] = programs::pins::LEDS;

fn main() {
    let real = Pigpiod::start();
    let machine = Machine::with_leds();
    let (ours, port) = start(&machine);

    // Alternate, so that load on the machine affects both.
    let (mut one, mut other) = (lamp(port), lamp(real.port()));
    let (mut ours_took, mut real_took) = (Vec::new(), Vec::new());
    for step in 0..SAMPLES {
        ours_took.push(colour(&mut one, step));
        real_took.push(colour(&mut other, step));
    }
    let (ours_took, real_took) = (percentiles(ours_took), percentiles(real_took));
    println!("three PWM requests to their replies, everything written");
    for (name, ours, real) in [("p50", ours_took.0, real_took.0), ("p99", ours_took.1, real_took.1)] {
        let ratio = ours.as_secs_f64() / real.as_secs_f64();
        row(name, &microseconds(ours), &format!("{ratio:>5.2} of pigpio's {}", microseconds(real)));
    }

    println!("at rest, with a client for the LEDs and one for a button");
    let mut button = Client::connect("localhost", port, PATIENCE).expect("the daemon runs");
    // There is no button here, but the connections are the same.
    let _ = button.run(&[Command::SetMode(17, Mode::Input), Command::SetPull(17, Pull::Up)]);
    let _reports = button.reports(1 << 17).expect("reports can be opened");
    row("resident memory in KiB", &ours.resident().to_string(), "");
    let before: u64 = ours.wake_ups().values().sum();
    // Idle: there is no event to wait for.
    std::thread::sleep(Duration::from_secs(10));
    let after: u64 = ours.wake_ups().values().sum();
    row("wake-ups in 10 s", &(after - before).to_string(), "");
    row("threads", &ours.wake_ups().len().to_string(), "");
}

/// This daemon and its port.
fn start(machine: &Machine) -> (Process, u16) {
    loop {
        let port = free_port();
        let mut command = Program::new(env!("CARGO_BIN_EXE_pigpiod"));
        command.env_clear().arg("--root").arg(machine.path()).args(["-g", "-l"]);
        let mut process = Process::start(command.env("PIGPIO_PORT", port.to_string()), "");
        let runs = wait_for("the daemon answers", PATIENCE, || match process.ended() {
            Some(_) => Some(false),
            None => pigs(port, "pigpv").map(|_| true),
        });
        if runs {
            return (process, port);
        }
    }
}

/// A client that has set up the LEDs, as `lamp_service` does.
fn lamp(port: u16) -> Client {
    let mut client = Client::connect("localhost", port, PATIENCE).expect("the daemon runs");
    for pin in PINS {
        let commands = [
            Command::SetMode(pin, Mode::Output),
            Command::SetFrequency(pin, 1000),
            Command::SetRange(pin, 1000),
        ];
        client.run(&commands).expect("the pin can be set up");
    }
    client
}

/// The time to set a colour that changes every LED.
fn colour(client: &mut Client, step: u32) -> Duration {
    let duty = 100 + step % 2 * 300;
    let start = Instant::now();
    client.run(&PINS.map(|pin| Command::SetDutyCycle(pin, duty))).expect("the colour can be set");
    start.elapsed()
}

/// Median and 99th percentile.
fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn microseconds(time: Duration) -> String {
    format!("{:.1} us", time.as_secs_f64() * 1e6)
}

fn row(what: &str, figure: &str, compared: &str) {
    println!("  {what:<30} {figure:>10} {compared}");
}
