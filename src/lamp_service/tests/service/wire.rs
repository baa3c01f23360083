// SPDX-License-Identifier: GPL-3.0-or-later
//! The bytes on the connections, and connections that break.

use pigpio::protocol::number::{PFS, PRS, PWM};
use pigpio::protocol::{MESSAGE_SIZE, Message};
use test_support::{MqttObserver, Process, TcpProxy};

use crate::{CHANGED, CONNECTION, Lamp, NEW, SET_CONFIG, kept, request_until_published, state};

/// Starts the service with a proxy in the connection of `option` (--broker or --pigpiod), and waits until it
/// has published its state.
fn start_with_proxy(lamp: &Lamp, option: &str) -> (TcpProxy, MqttObserver, Process) {
    let proxy = TcpProxy::to(if option == "--broker" { lamp.broker.port() } else { lamp.pigpiod.port() });
    let mut observer = lamp.observer();
    let service = lamp.start_with(&[option, &proxy.address()]);
    observer.next_where(CHANGED, |message| !message.retained);
    (proxy, observer, service)
}

/// The service's requests to pigpiod: number and parameters.
fn commands(proxy: &TcpProxy) -> Vec<[u32; 3]> {
    let bytes = proxy.written().concat();
    let (requests, rest) = bytes.as_chunks::<MESSAGE_SIZE>();
    assert!(rest.is_empty(), "whole requests");
    let requests = requests.iter().map(|request| Message::from_bytes(*request));
    requests.map(|request| [request.command, request.first, request.second]).collect()
}

#[test]
fn three_pins_change_in_one_write() {
    let lamp = Lamp::new();
    let (proxy, observer, _service) = start_with_proxy(&lamp, "--pigpiod");
    lamp.await_leds([1000, 0, 0]);
    let before = proxy.written().len();
    observer.publish(SET_CONFIG, state(0.5, 0.5, 0.5, true, "x"));
    lamp.await_leds([250, 500, 500]);
    let written = proxy.written().split_off(before);
    let colour: Vec<u8> = [(19, 250), (26, 500), (13, 500)]
        .into_iter()
        .flat_map(|(pin, duty): (u32, u32)| [PWM, pin, duty, 0].map(u32::to_le_bytes))
        .flatten()
        .collect();
    assert_eq!(written, [colour]);
}

#[test]
fn only_the_newest_colour_of_a_burst_is_queued() {
    let lamp = Lamp::new();
    let (proxy, mut observer, _service) = start_with_proxy(&lamp, "--pigpiod");
    lamp.await_leds([1000, 0, 0]);
    let colours = || commands(&proxy).iter().filter(|command| command[0] == PWM).count() / 3;
    let before = colours();
    proxy.stall();
    let rush = |step| state(0.5, 0.5, f64::from(step) / 100.0, true, &format!("rush {step}"));
    for step in 1..=100 {
        observer.publish(SET_CONFIG, rush(step));
    }
    observer.next_where(CHANGED, |message| message.payload == rush(100));
    // One is in progress; the others did not queue up.
    assert!(colours() <= before + 1, "{} colours were written", colours() - before);
}

/// The MQTT packets from the service to the broker, without acknowledgements: CONNECT, PUBLISH and SUBSCRIBE.
fn packets(proxy: &TcpProxy) -> Vec<Vec<u8>> {
    let bytes = proxy.written().concat();
    let mut rest = bytes.as_slice();
    let mut packets = Vec::new();
    while !rest.is_empty() {
        // All of these are shorter than 16384 bytes.
        let (header, length) = match rest[1] {
            low @ 128.. => (3, usize::from(low - 128) + usize::from(rest[2]) * 128),
            length => (2, usize::from(length)),
        };
        let (packet, others) = rest.split_at(header + length);
        packets.push(packet.to_vec());
        rest = others;
    }
    packets.retain(|packet| [1, 3, 8].contains(&(packet[0] >> 4)));
    packets
}

/// A packet: its type and flags, and its parts, each string after its length.
fn packet(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = match body.len() {
        short @ ..128 => vec![short as u8],
        long => vec![(long % 128 + 128) as u8, (long / 128) as u8],
    };
    [vec![kind], length, body].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

#[test]
fn sends_these_packets_in_this_order() {
    let lamp = Lamp::new();
    // With its own state it does not subscribe to the retained one.
    std::fs::write(lamp.state_file(), kept(NEW)).unwrap();
    let (proxy, mut observer, service) = start_with_proxy(&lamp, "--broker");
    let presence = text("lamp/connection/lamp_service/state");
    let hello = [
        // MQTT 3.1.1; a clean session with a retained Last Will of QoS 2; a keep-alive of one minute.
        packet(
            0x10,
            &[&text("MQTT"), &[4, 0b0011_0110], &[0, 60], &text("lamp_service"), &presence, &text("0")],
        ),
        // QoS 2 and 1, retained; subscribed with QoS 1.
        packet(0x35, &[&presence, &[0, 1], b"1"]),
        packet(0x82, &[&[0, 2], &text(SET_CONFIG), &[1]]),
        packet(0x33, &[&text(CHANGED), &[0, 3], NEW.as_bytes()]),
    ];
    assert_eq!(packets(&proxy), hello);

    // The same on a new connection.
    proxy.cut_after(1);
    observer.publish(SET_CONFIG, NEW);
    service.await_log("connected to MQTT broker", 2);
    observer.next_where(CHANGED, |message| !message.retained);
    let told: Vec<Vec<u8>> = packets(&proxy).split_off(hello.len());
    assert_eq!(told.len(), hello.len());
    for (told, first) in told.iter().zip(&hello) {
        assert_eq!((told[0], told.len()), (first[0], first.len()));
    }
    assert_eq!(told[0], hello[0]);
}

#[test]
fn a_start_writes_only_the_colour_of_lit_leds() {
    let lamp = Lamp::new();
    let last = state(0.33, 1.0, 1.0, true, "");
    std::fs::write(lamp.state_file(), kept(&last)).unwrap();
    let starts = [true, false].map(|first| {
        let proxy = TcpProxy::to(lamp.pigpiod.port());
        let mut service = lamp.start_with(&["--pigpiod", &proxy.address()]);
        service.await_log("driving the LEDs", 1);
        lamp.await_leds([20, 1000, 0]);
        service.kill();
        let commands = commands(&proxy);
        let duties: Vec<_> = commands.iter().filter(|command| command[0] == PWM).copied().collect();
        assert_eq!(duties, [[5, 19, 20], [5, 26, 1000], [5, 13, 0]], "nothing but its colour, first {first}");
        // Setting frequency or range switches a pin off for a moment.
        commands.iter().filter(|command| [PRS, PFS].contains(&command[0])).count()
    });
    assert_eq!(starts, [6, 0]);
}

#[test]
fn reconnects_to_pigpiod_after_a_reset_within_a_reply() {
    let lamp = Lamp::new();
    let (proxy, observer, service) = start_with_proxy(&lamp, "--pigpiod");
    lamp.await_leds([1000, 0, 0]);
    for (round, bytes) in [7, 16, 33].into_iter().enumerate() {
        proxy.cut_after(bytes);
        observer.publish(SET_CONFIG, state(0.1, 0.5, 0.5, true, "cut"));
        service.await_log("driving the LEDs", round + 2);
        assert_eq!(proxy.cuts(), round + 1);
        observer.publish(SET_CONFIG, state(0.5, 0.5, 0.5, true, "whole"));
        lamp.await_leds([250, 500, 500]);
    }
    service.await_log("Connection reset by peer", 1);
}

#[test]
fn reconnects_to_the_broker_after_a_reset_within_a_message() {
    let lamp = Lamp::new();
    let (proxy, mut observer, _service) = start_with_proxy(&lamp, "--broker");
    for (round, bytes) in [1, 10, 50].into_iter().enumerate() {
        proxy.cut_after(bytes);
        observer.publish(SET_CONFIG, state(0.1, 0.5, 0.5, false, &format!("cut {round}")));
        observer.next_where(CONNECTION, |message| message.payload == "0");
        observer.next_where(CONNECTION, |message| message.payload == "1");
        assert_eq!(proxy.cuts(), round + 1);
        request_until_published(&observer, &state(0.5, 0.5, 0.5, true, &format!("whole {round}")));
        lamp.await_leds([250, 500, 500]);
    }
    // An incomplete message has no effect.
    let told = |message: &test_support::Message| message.topic == CHANGED && message.payload.contains("cut");
    assert!(!observer.messages().iter().any(told));
}
