// SPDX-License-Identifier: GPL-3.0-or-later
//! Reports of the button, on the model.

use std::io::{Read, Write};
use std::process::Command;

use pigpio::Pull;
use pigpio::protocol::{MESSAGE_SIZE, Message, REPORT_SIZE, Report, number};
use pigpiod::kernel::Settings;
use test_support::Process;

use crate::model::{Daemon, Kernels};
use crate::wire::Wire;

const BUTTON: u32 = 1 << 17;

/// A connection with reports on the button.
fn subscribe(daemon: &Daemon) -> Wire {
    let mut reports = Wire::connect(daemon.port);
    let handle = reports.ask([number::NOIB, 0, 0]).cast_unsigned();
    let mut control = Wire::connect(daemon.port);
    assert_eq!(control.ask([number::READ, 17, 0]), 1);
    assert_eq!(control.ask([number::NB, handle, BUTTON]), 0);
    reports
}

fn next(wire: &mut Wire) -> Report {
    let mut bytes = [0; REPORT_SIZE];
    wire.0.read_exact(&mut bytes).unwrap();
    Report::from_bytes(bytes)
}

#[test]
fn reports_each_change_to_each_subscriber() {
    let daemon = Daemon::start(&Kernels::with_leds());
    let (mut one, mut other) = (subscribe(&daemon), subscribe(&daemon));
    Wire::connect(daemon.port).ask([number::WRITE, 13, 1]);
    for (sequence, level, tick) in [(0, false, 1000), (1, true, 1_000_000), (2, false, u32::MAX)] {
        daemon.button.change(level, tick);
        let levels = 1 << 13 | if level { BUTTON } else { 0 };
        for wire in [&mut one, &mut other] {
            assert_eq!(next(wire), Report { sequence, flags: 0, tick, levels });
        }
    }
    // A closed connection is removed.
    drop(other);
    daemon.button.change(true, 5);
    assert_eq!(next(&mut one).sequence, 3);
}

#[test]
fn python_gets_the_reports_of_the_button() {
    let daemon = Daemon::start(&Kernels::with_leds());
    let script = "
import pigpio, sys, threading
pi = pigpio.pi('127.0.0.1', int(sys.argv[1]))
done = threading.Event()
def changed(pin, level, tick):
    print(pin, level, tick, file=sys.stderr, flush=True)
    if level: done.set()
callback = pi.callback(17, pigpio.EITHER_EDGE, changed)
print('listens', file=sys.stderr, flush=True)
done.wait()
callback.cancel()
pi.stop()
";
    let mut command = Command::new("/usr/bin/python3");
    let mut python = Process::start(command.args(["-c", script, &daemon.port.to_string()]), "python3-pigpio");
    python.await_log("listens", 1);
    daemon.button.change(false, 100);
    daemon.button.change(true, 200_100);
    assert_eq!(python.await_end().code(), Some(0));
    assert_eq!(python.log(), ["listens", "17 0 100", "17 1 200100"]);
}

#[test]
fn reports_changes_without_another_request() {
    let daemon = Daemon::start(&Kernels::with_leds());
    let mut wire = Wire::connect(daemon.port);
    let handle = wire.ask([number::NOIB, 0, 0]).cast_unsigned();
    assert_eq!(wire.ask([number::NB, handle, BUTTON]), 0);
    daemon.button.change(false, 7);
    assert_eq!(next(&mut wire).tick, 7);
}

#[test]
fn a_connection_of_reports_still_answers() {
    let daemon = Daemon::start(&Kernels::with_leds());
    let mut reports = subscribe(&daemon);
    assert_eq!(reports.ask([number::BR1, 0, 0]), BUTTON.cast_signed());
    // A second handle replaces the first.
    let second = reports.ask([number::NOIB, 0, 0]).cast_unsigned();
    assert_eq!(reports.ask([number::NB, second, BUTTON]), 0);
    daemon.button.change(false, 7);
    assert_eq!(next(&mut reports), Report { sequence: 0, flags: 0, tick: 7, levels: 0 });
    assert_eq!(reports.ask([number::READ, 17, 0]), 0);
}

#[test]
fn passes_filters_and_resistor_to_the_line() {
    let daemon = Daemon::start(&Kernels::with_leds());
    let mut wire = Wire::connect(daemon.port);
    assert_eq!(wire.ask([number::MODES, 17, 0]), 0);
    assert_eq!(daemon.button.state().settings, None, "nothing is claimed before it is needed");
    assert_eq!(wire.ask([number::PUD, 17, 2]), 0);
    assert_eq!(daemon.button.state().settings, Some(Settings { pull: Some(Pull::Up), steady: 0 }));
    assert_eq!(wire.ask([number::FG, 17, 3000]), 0);
    assert_eq!(daemon.button.state().settings, Some(Settings { pull: Some(Pull::Up), steady: 3000 }));

    let mut reports = subscribe(&daemon);
    assert_eq!(wire.ask_with([number::FN, 17, 1000], &500_u32.to_le_bytes()), 0);
    let start = wire.ask([number::TICK, 0, 0]).cast_unsigned();
    for (level, after) in [(false, 10_000), (true, 10_400), (false, 10_600), (true, 12_000)] {
        daemon.button.change(level, start.wrapping_add(after));
    }
    let ticks: Vec<u32> = (0..3).map(|_| next(&mut reports).tick.wrapping_sub(start)).collect();
    assert_eq!(ticks, [10_000, 10_400, 12_000], "10600 is noise");
}

#[test]
fn a_client_that_does_not_read_does_not_block_others() {
    let daemon = Daemon::start(&Kernels::with_leds());
    let mut deaf = subscribe(&daemon);
    let mut reports = subscribe(&daemon);
    for change in 0..200_000_u32 {
        daemon.button.change(change % 2 == 1, change);
        assert_eq!(next(&mut reports).sequence, change as u16);
    }
    // It gets the first reports and some later ones; the sequence numbers show the gap.
    assert_eq!(next(&mut deaf).sequence, 0);

    // The same for a client that sends requests without reading the replies.
    let mut greedy = Wire::connect(daemon.port);
    greedy.0.set_nonblocking(true).unwrap();
    let requests = Message::request(number::PIGPV, 0, 0).to_bytes().repeat(4096);
    while greedy.0.write(&requests).is_ok() {}
    assert_eq!(Wire::connect(daemon.port).ask([number::PIGPV, 0, 0]), 78);
    // Its requests are answered eventually.
    greedy.0.set_nonblocking(false).unwrap();
    let mut reply = [0; MESSAGE_SIZE];
    greedy.0.read_exact(&mut reply).unwrap();
    assert_eq!(Message::from_bytes(reply).last, 78);
}
