// SPDX-License-Identifier: GPL-3.0-or-later
//! LAMPI's own GPIO daemon on a machine whose kernel has no PWM for the LEDs yet.

use std::net::TcpListener;

use pigpiod::kernel::Kernel;
use pigpiod::{Pins, Server};
use test_support::{Machine, Mosquitto, PATIENCE, Pigpiod, wait_for};

use crate::{CHANGED, Lamp, SET_CONFIG, state};

/// Starts the daemon on a machine, and returns its address.
fn start(machine: &Machine) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let pins = Pins::new(Kernel::of_machine(machine.path()), u64::MAX);
    let mut server = Server::new(vec![listener], pins).unwrap();
    std::thread::spawn(move || server.run(&[]));
    address
}

#[test]
fn a_dark_lamp_logs_it_once_and_lights_when_pwm_appears() {
    let machine = Machine::new();
    let daemon = start(&machine);
    let lamp = Lamp::with(Mosquitto::start(), Pigpiod::absent(&[]));
    let mut observer = lamp.observer();
    let service = lamp.start_with(&["--pigpiod", &daemon]);
    let complaint =
        format!("the LEDs stay dark: the GPIO daemon at {daemon} has no PWM for them; run: lampi doctor");
    service.await_log(&complaint, 1);
    observer.next_where(CHANGED, |message| !message.retained);
    let sockets = service.sockets();

    // Requests are accepted, published and saved, and the connection remains.
    for brightness in [0.1, 0.2, 0.57] {
        let request = state(0.12, 0.8, brightness, true, "dark");
        observer.publish(SET_CONFIG, request.clone());
        assert_eq!(observer.next(CHANGED).payload, request);
        lamp.await_kept(&request);
    }
    assert_eq!(service.log().iter().filter(|line| line.contains("dark")).count(), 1, "{:?}", service.log());
    assert!(sockets.iter().all(|socket| service.sockets().contains(socket)), "the same connections");

    machine.add_leds();
    Machine::tell("add", "pwmchip4");
    service.await_log("driving the LEDs through pigpiod 78", 1);
    let lit = |chip: &str, duty: &str| {
        let says = |name, value: &str| machine.says(chip, name) == value;
        (says("duty_cycle", duty) && says("period", "1000000") && says("enable", "1")).then_some(())
    };
    for (chip, duty) in [("pwmchip4", "570000"), ("pwmchip1", "442000"), ("pwmchip0", "113000")] {
        wait_for(&format!("{chip} is lit"), PATIENCE, || lit(chip, duty));
    }
}

#[test]
fn a_dark_lamp_stops_at_once() {
    let machine = Machine::new();
    let daemon = start(&machine);
    let lamp = Lamp::with(Mosquitto::start(), Pigpiod::absent(&[]));
    let mut service = lamp.start_with(&["--pigpiod", &daemon, "--transition", "60"]);
    service.await_log("the LEDs stay dark", 1);
    let start = std::time::Instant::now();
    assert_eq!(service.terminate().code(), Some(0));
    assert!(start.elapsed().as_millis() < 1900, "it waited for an answer that never comes");
}
