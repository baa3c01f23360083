// SPDX-License-Identifier: GPL-3.0-or-later
//! Repeated faults and heavy use. The long parts, 200 kills during writes and a day of use, are short unless
//! `LAMPI_TEST_CAMPAIGN=long` is set; then they take about ten minutes.

use std::fs::{self, File};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use test_support::{Message, MqttObserver, PATIENCE, Process, Signal, wait_for};

use crate::{CHANGED, CONNECTION, Lamp, SET_CONFIG, request_until_published, rounds, state};

/// The step in a state of [`numbered`].
fn number(text: &str) -> usize {
    let digits = text.rsplit_once("step ").map_or("", |(_, rest)| rest);
    digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}

/// A state with its number.
fn numbered(step: usize) -> String {
    state((step % 101) as f64 / 100.0, 1.0, (step % 97) as f64 / 100.0, true, &format!("step {step}"))
}

/// Sends `step` to `end`, never more than a few ahead of the lamp, because a broker drops messages when its
/// queue is full.
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
        // Long enough to count as a connection; then it ends between messages.
        let start = Instant::now();
        wait_for("a second of load", PATIENCE, || {
            observer.publish(SET_CONFIG, numbered(step));
            step += 1;
            (start.elapsed() > Duration::from_millis(1200)).then_some(())
        });
        lamp.broker.restart();
        service.await_log("connected to MQTT broker", round + 1);
        observer.await_subscriptions(round + 1);
        let last = state(0.5, 0.5, 0.5, true, &format!("round {round}"));
        request_until_published(&observer, &last);
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
    // The driven LEDs show a complete connection; the state is reported before.
    service.await_log("driving the LEDs", 1);
    for round in 1..=20 {
        let brightness = (round % 11) as f64 / 10.0;
        observer.publish(SET_CONFIG, state(0.5, 0.5, brightness, true, "before"));
        lamp.pigpiod.restart();
        service.await_log("driving the LEDs", round + 1);
        assert_eq!(lamp.pigpiod.ask("prg 26"), Some(1000));
        observer.publish(SET_CONFIG, state(0.12, 0.8, 0.57, true, "after"));
        lamp.await_leds([570, 442, 113]);
    }
}

/// Writes files like the state file, to measure how long that takes on this disk.
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
            // Rarely enough not to be the load.
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
fn keeps_a_complete_and_recent_state_when_killed() {
    let lamp = Lamp::new();
    let new = lamp.folder.path().join("state.json.new");
    let mut step = 1;
    for round in 0..rounds(6, 200) {
        let (mut service, observer) = lamp.start_and_watch();
        let disk = Disk::watch(lamp.folder.path());
        let end = Instant::now() + Duration::from_millis(fastrand::u64(1000..2500));
        // Half of them at any time, the others during a write.
        let within = round % 2 == 1;
        wait_for("the moment", PATIENCE, || {
            observer.publish(SET_CONFIG, numbered(step));
            step += 1;
            if !within || Instant::now() < end {
                return (Instant::now() > end).then_some(());
            }
            // Much more often than the loop around it, because a write is short.
            (0..500).any(|_| new.exists()).then_some(())
        });
        let killed = Instant::now();
        service.kill();
        // The documented maximum age, plus the disk's time for the last two writes.
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
        assert!(kept >= due, "round {round}: saved step {kept}, but step {due} was {age:?} old");
        assert_eq!(text, crate::kept(&numbered(kept)), "round {round}");
        let mut service = lamp.start();
        service.await_log("read the state from", 1);
        service.kill();
    }
}

#[test]
fn heavy_use_leaks_neither_memory_nor_files() {
    // A drag of two seconds every ten minutes, with the touch screen's 100 messages a second, for 24 hours.
    let drags = rounds(20, 24 * 6);
    let lamp = Lamp::new();
    let (service, mut observer) = lamp.start_and_watch();
    let weigh = |service: &Process| {
        // The thread that logs this has finished with the file and synced its directory.
        let answered = || service.log().iter().filter(|line| line.contains("reloaded the settings")).count();
        let asked = answered();
        service.signal(Signal::SIGHUP);
        service.await_log("reloaded the settings", asked + 1);
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
