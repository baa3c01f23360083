// SPDX-License-Identifier: GPL-3.0-or-later
//! Faults again and again, and much use. What takes long, 200 kills amid writes and a day of use, is short unless
//! `LAMPI_TEST_CAMPAIGN=long` is set; then it takes some ten minutes.

use std::fs::{self, File};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use test_support::{Message, MqttObserver, PATIENCE, Process, Signal, wait_for};

use crate::{CHANGED, CONNECTION, Lamp, SET_CONFIG, insist, rounds, state};

/// The step in a state of [`numbered`].
fn number(text: &str) -> usize {
    let digits = text.rsplit_once("step ").map_or("", |(_, rest)| rest);
    digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}

/// A state that tells which it is.
fn numbered(step: usize) -> String {
    state((step % 101) as f64 / 100.0, 1.0, (step % 97) as f64 / 100.0, true, &format!("step {step}"))
}

/// Sends `step` to `end`, never more than a few ahead of the lamp, as a broker drops messages that nobody takes.
fn drag(observer: &mut MqttObserver, steps: std::ops::Range<usize>) {
    for step in steps {
        observer.publish(SET_CONFIG, numbered(step));
        if step % 50 == 49 {
            observer.next_where(CHANGED, |message| number(&message.payload) >= step - 25);
        }
    }
}

#[test]
fn the_broker_is_killed_and_restarted_under_load() {
    let mut lamp = Lamp::new();
    let (service, mut observer) = lamp.start_and_watch();
    let mut step = 0;
    for round in 1..=20 {
        // Long enough to be a connection that counts; then it ends amid messages.
        let start = Instant::now();
        wait_for("a second of load", PATIENCE, || {
            observer.publish(SET_CONFIG, numbered(step));
            step += 1;
            (start.elapsed() > Duration::from_millis(1200)).then_some(())
        });
        lamp.broker.restart();
        service.await_log("connected to the MQTT broker", round + 1);
        observer.await_subscriptions(round + 1);
        let last = state(0.5, 0.5, 0.5, true, &format!("round {round}"));
        insist(&observer, &last);
        lamp.await_leds([250, 500, 500]);
        let mut late = lamp.observer();
        assert_eq!(late.next(CONNECTION).payload, "1");
        assert_eq!(late.next(CHANGED).payload, last);
    }
}

#[test]
fn pigpiod_is_killed_and_restarted() {
    let mut lamp = Lamp::new();
    let (service, observer) = lamp.start_and_watch();
    // It counts from a connection that was complete; the state is reported before that.
    service.await_log("LEDs are driven", 1);
    for round in 1..=20 {
        let brightness = (round % 11) as f64 / 10.0;
        observer.publish(SET_CONFIG, state(0.5, 0.5, brightness, true, "before"));
        lamp.pigpiod.restart();
        service.await_log("LEDs are driven", round + 1);
        assert_eq!(lamp.pigpiod.ask("prg 26"), Some(1000));
        observer.publish(SET_CONFIG, state(0.12, 0.8, 0.57, true, "after"));
        lamp.await_leds([570, 442, 113]);
    }
}

/// Writes files again and again, as the state is written, to know how long that takes on this disk meanwhile.
struct Disk {
    ends: Sender<()>,
    thread: JoinHandle<Duration>,
}

impl Disk {
    fn watch(folder: &Path) -> Self {
        let (ends, ended) = channel();
        let (file, new) = (folder.join("disk"), folder.join("disk.new"));
        let folder = File::open(folder).unwrap();
        let thread = std::thread::spawn(move || {
            let mut slowest = Duration::ZERO;
            // Not so often that it is the load.
            while ended.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
                let begin = Instant::now();
                fs::write(&new, "{}").unwrap();
                File::open(&new).unwrap().sync_all().unwrap();
                fs::rename(&new, &file).unwrap();
                folder.sync_all().unwrap();
                slowest = slowest.max(begin.elapsed());
            }
            slowest
        });
        Self { ends, thread }
    }

    fn slowest_write(self) -> Duration {
        drop(self.ends);
        self.thread.join().unwrap()
    }
}

#[test]
fn killed_at_any_moment_it_has_a_whole_and_recent_state() {
    let lamp = Lamp::new();
    let new = lamp.folder.path().join("state.json.new");
    let mut step = 1;
    for round in 0..rounds(6, 200) {
        let (mut service, observer) = lamp.start_and_watch();
        let disk = Disk::watch(lamp.folder.path());
        let end = Instant::now() + Duration::from_millis(fastrand::u64(1000..2500));
        // Half of them at any moment, the others within a write.
        let within = round % 2 == 1;
        wait_for("the moment", PATIENCE, || {
            observer.publish(SET_CONFIG, numbered(step));
            step += 1;
            if !within || Instant::now() < end {
                return (Instant::now() > end).then_some(());
            }
            // Far more often than the loop around this looks, for a write does not last.
            (0..500).any(|_| new.exists()).then_some(())
        });
        let killed = Instant::now();
        service.kill();
        // What it promises, and what the disk takes for the write before and the last one.
        let age = Duration::from_secs(1) + 2 * disk.slowest_write();

        let text = lamp.kept().expect("a state file");
        let kept = number(&text);
        let told: Vec<Message> = observer.messages();
        let due = told
            .iter()
            .filter(|message| message.topic == CHANGED && message.at + age <= killed)
            .map(|message| number(&message.payload))
            .max()
            .unwrap_or(0);
        assert!(kept >= due, "round {round}: step {kept} was kept, step {due} was {age:?} old");
        assert_eq!(text, crate::kept(&numbered(kept)), "round {round}");
        let mut service = lamp.start();
        service.await_log("state taken from", 1);
        service.kill();
    }
}

#[test]
fn much_use_leaves_no_trace() {
    // A drag of two seconds every ten minutes, at the 100 messages a second of the touch screen, for 24 hours.
    let drags = rounds(20, 24 * 6);
    let lamp = Lamp::new();
    let (service, mut observer) = lamp.start_and_watch();
    let weigh = |service: &Process| {
        // The thread that answers this is then done with the file, whose folder it syncs last.
        let answered = || service.log().iter().filter(|line| line.contains("settings read again")).count();
        let asked = answered();
        service.signal(Signal::SIGHUP);
        service.await_log("settings read again", asked + 1);
        (service.resident(), service.open_files())
    };
    let mut before = None;
    for round in 0..drags {
        drag(&mut observer, round * 200..(round + 1) * 200);
        let last = numbered((round + 1) * 200);
        observer.publish(SET_CONFIG, last.clone());
        observer.next_where(CHANGED, |message| message.payload == last);
        lamp.await_kept(&last);
        if round == drags / 4 {
            before = Some(weigh(&service));
        }
    }
    let (memory, files) = before.expect("a quarter is over");
    let (memory_after, files_after) = weigh(&service);
    println!("{drags} drags: {memory} and then {memory_after} KiB, {files} and then {files_after} files");
    assert_eq!(files, files_after);
    assert!(memory_after <= memory + 256, "{memory} KiB became {memory_after} KiB");
}
