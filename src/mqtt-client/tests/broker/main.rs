// SPDX-License-Identifier: GPL-3.0-or-later
//! Both kinds of connection, with a real mosquitto and with servers that do not answer.

mod log_lines;

use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mqtt_client::session::{self, Event, Options, Publisher, Unsent};
use mqtt_client::{Connection, Error, Login, Message, Password, QoS, probe};
use runtime::address::Address;
use test_support::{Mosquitto, PATIENCE, TcpProxy, set_password, wait_for};

use log_lines::{await_line, lines};

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn message(topic: &str, payload: &[u8], retained: bool) -> Message {
    Message { topic: topic.into(), payload: payload.to_vec(), retained }
}

fn start(broker: &Address) -> (Publisher, Receiver<Event>) {
    start_as(broker, Arc::new(Mutex::new(Ok(None))))
}

/// The login of a session, which tests change.
type CurrentLogin = Arc<Mutex<Result<Option<Login>, String>>>;

fn start_as(broker: &Address, login: CurrentLogin) -> (Publisher, Receiver<Event>) {
    log_lines::start();
    let (sender, events) = channel();
    let options = Options {
        broker: broker.clone(),
        login: Box::new(move || login.lock().unwrap().clone()),
        client_id: "session".into(),
        state_topic: "session/state".into(),
        subscriptions: vec![("requests".into(), QoS::AtLeastOnce)],
        unretained_topic: Some("requests".into()),
    };
    let publisher = session::start(options, move |event| _ = sender.send(event)).unwrap();
    (publisher, events)
}

fn next(events: &Receiver<Event>) -> Event {
    events.recv_timeout(PATIENCE).unwrap()
}

/// Sends a request, retained, because the broker may not have received the subscription.
fn await_request(other: &mut Connection, events: &Receiver<Event>) {
    other.publish("requests", true, "r").unwrap();
    let event = next(events);
    assert!(matches!(&event, Event::Message(message) if message.payload == b"r"), "{event:?}");
}

#[test]
fn a_connection_publishes_and_receives() {
    let broker = Mosquitto::start();
    let broker = address(&broker.address());
    let mut writer = Connection::open(&broker, None, "writer", PATIENCE).unwrap();
    writer.publish("kept", true, "1").unwrap();
    let mut reader = Connection::open(&broker, None, "reader", PATIENCE).unwrap();
    reader.subscribe(&["kept", "live"], QoS::AtLeastOnce).unwrap();
    assert_eq!(reader.next_message().unwrap(), message("kept", b"1", true));
    let long = vec![b'x'; 100_000];
    writer.publish("live", false, long.clone()).unwrap();
    assert_eq!(reader.next_message().unwrap(), message("live", &long, false));
    reader.set_patience(Duration::ZERO);
    assert!(matches!(reader.next_message(), Err(Error::NoAnswer)));
    reader.close();
    probe(&broker, None, "probe").unwrap();
}

/// The broker sends two packets for each request. It waits until the first is acknowledged, which the kernel
/// would delay by 40 ms.
#[test]
fn packets_are_acknowledged_at_once() {
    let broker = Mosquitto::start();
    let mut client = Connection::open(&address(&broker.address()), None, "quick", PATIENCE).unwrap();
    client.subscribe(&["quick"], QoS::AtLeastOnce).unwrap();
    let mut times = [(); 51].map(|()| {
        let start = Instant::now();
        client.publish("quick", false, "1").unwrap();
        client.next_message().unwrap();
        start.elapsed()
    });
    times.sort();
    assert!(times[25] < Duration::from_millis(20), "{times:?}");
}

#[test]
fn a_broker_that_does_not_answer_is_a_failure_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = address(&listener.local_addr().unwrap().to_string());
    let start = Instant::now();
    let patience = Duration::from_millis(200);
    assert!(matches!(Connection::open(&silent, None, "a", patience), Err(Error::NoAnswer)));
    assert!(start.elapsed() >= patience);
    drop(listener);
    assert!(matches!(Connection::open(&silent, None, "a", patience), Err(Error::Lost(_))));
}

#[test]
fn a_session_publishes_its_state_and_rejects_what_it_cannot_send() {
    let broker = Mosquitto::start();
    let (publisher, events) = start(&address(&broker.address()));
    assert_eq!(next(&events), Event::Connected);
    let mut other = Connection::open(&address(&broker.address()), None, "other", PATIENCE).unwrap();
    // The state is not marked as retained if it comes after the subscription.
    other.subscribe(&["session/state", "answers"], QoS::ExactlyOnce).unwrap();
    assert_eq!(other.next_message().unwrap().payload, b"1");
    let mut later = Connection::open(&address(&broker.address()), None, "later", PATIENCE).unwrap();
    later.subscribe(&["session/state"], QoS::ExactlyOnce).unwrap();
    assert_eq!(later.next_message().unwrap(), message("session/state", b"1", true));
    await_request(&mut other, &events);
    // Far more than the queue can contain, each as soon as there is room.
    for step in 0..1000_u32 {
        while publisher.publish("answers", QoS::AtLeastOnce, false, step.to_string()) == Err(Unsent) {
            std::thread::yield_now();
        }
    }
    for step in 0..1000_u32 {
        let expected = message("answers", step.to_string().as_bytes(), false);
        assert_eq!(other.next_message().unwrap(), expected);
    }
    drop(broker);
    assert_eq!(next(&events), Event::Lost);
    assert_eq!(publisher.publish("answers", QoS::AtMostOnce, false, "late"), Err(Unsent));
}

#[test]
fn a_retained_message_that_is_too_large_is_removed() {
    let broker = Mosquitto::start();
    let mut other = Connection::open(&address(&broker.address()), None, "other", PATIENCE).unwrap();
    other.publish("requests", true, vec![b'x'; 5 << 20]).unwrap();
    let (_publisher, events) = start(&address(&broker.address()));
    assert_eq!(next(&events), Event::Connected);
    assert_eq!(next(&events), Event::Lost);
    assert_eq!(next(&events), Event::Connected);
    await_request(&mut other, &events);
    let broker = broker.address();
    let reason = "it sent a packet of more than 4 MiB";
    let connected = format!("connected to MQTT broker {broker}");
    let disconnected = format!("disconnected from MQTT broker {broker}: {reason}; retrying");
    assert_eq!(lines(&broker), [&*connected, &disconnected, &connected]);
}

fn login(name: &str, password: &str) -> Login {
    let password = Password { secret: password.into(), file: "/secret".into() };
    Login { username: name.into(), password: Some(password) }
}

#[test]
fn a_login_that_the_broker_refuses_is_an_error_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let passwords = folder.path().join("passwords");
    set_password(&passwords, "lamp", "right");
    let lines = format!("allow_anonymous false\npassword_file {}\n", passwords.display());
    let broker = Mosquitto::start_with(&lines);
    let broker = address(&broker.address());
    probe(&broker, Some(&login("lamp", "right")), "probe").unwrap();
    let without = Login { username: "lamp".into(), password: None };
    for (login, reason) in [
        (None, "it requires a user name and a password"),
        (Some(without), "the user name 'lamp' is wrong, or it requires a password too"),
        (Some(login("lamp", "wrong")), "the user name 'lamp' or the password in /secret is wrong"),
    ] {
        let error = probe(&broker, login.as_ref(), "probe").unwrap_err();
        assert!(matches!(&error, Error::NotAuthorized(refused) if *refused == login), "{error:?}");
        assert_eq!(error.to_string(), format!("it refuses the connection: not authorized; {reason}"));
    }
    // Debug output does not contain it.
    assert!(!format!("{:?}", login("lamp", "right")).contains("right"));
}

#[test]
fn a_session_follows_its_login() {
    let folder = tempfile::tempdir().unwrap();
    let passwords = folder.path().join("passwords");
    set_password(&passwords, "lamp", "right");
    set_password(&passwords, "other", "right");
    let lines = format!("allow_anonymous false\npassword_file {}\n", passwords.display());
    let mut broker = Mosquitto::start_with(&lines);
    let current: CurrentLogin = Arc::new(Mutex::new(Err("there is no file".into())));
    let (publisher, events) = start_as(&address(&broker.address()), Arc::clone(&current));
    let address = broker.address();
    let failure = |reason: &str| format!("cannot connect to MQTT broker {address}: {reason}; retrying");
    let refused =
        "it refuses the connection: not authorized; the user name 'lamp' or the password in /secret is wrong";
    let set = |login| {
        *current.lock().unwrap() = login;
        publisher.log_in_again();
    };
    await_line(&address, &failure("there is no file"), 1);
    // Each reason once, although it retries.
    set(Ok(Some(login("lamp", "wrong"))));
    await_line(&address, &failure(refused), 1);
    set(Ok(Some(login("lamp", "right"))));
    assert_eq!(next(&events), Event::Connected);
    // The same login, and one that cannot be read, have no effect: the next event is due to another one.
    publisher.log_in_again();
    set(Err("there is no file".into()));
    set(Ok(Some(login("other", "right"))));
    assert_eq!(next(&events), Event::Lost);
    assert_eq!(next(&events), Event::Connected);
    await_line(&address, "the user name or the password has changed; retrying", 1);

    // A refusal is logged even if the broker was absent before.
    broker.stop();
    assert_eq!(next(&events), Event::Lost);
    *current.lock().unwrap() = Ok(Some(login("lamp", "wrong")));
    broker.restart();
    await_line(&address, &failure(refused), 2);
}

/// Keeps connecting with the client ID of the session, at once after each closing, until the closure ends.
fn with_rival(broker: &Address, while_it_runs: impl FnOnce()) {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                let mut rival = Connection::open(broker, None, "session", PATIENCE).unwrap();
                while !ended.load(Ordering::Relaxed) {
                    rival.set_patience(Duration::from_millis(20));
                    if !matches!(rival.next_message(), Err(Error::NoAnswer)) {
                        break;
                    }
                }
            }
        });
        let result = catch_unwind(AssertUnwindSafe(while_it_runs));
        ended.store(true, Ordering::Relaxed);
        result.unwrap_or_else(|panic| resume_unwind(panic));
    });
}

#[test]
fn another_client_with_the_same_id_is_logged_once() {
    let mosquitto = Mosquitto::start();
    let broker = address(&mosquitto.address());
    let mut other = Connection::open(&broker, None, "other", PATIENCE).unwrap();
    let (publisher, events) = start(&broker);
    assert_eq!(next(&events), Event::Connected);
    let closings = |count| {
        for _ in 0..count {
            assert_eq!(next(&events), Event::Lost);
            assert_eq!(next(&events), Event::Connected);
            // It may be unacknowledged when the other client connects.
            let _ = publisher.publish("large", QoS::AtLeastOnce, false, vec![b'x'; 1000]);
        }
    };
    with_rival(&broker, || {
        closings(3);
        // The shortest that the next waits can be, which double from 0.2 s.
        let start = Instant::now();
        closings(4);
        assert!(start.elapsed() >= Duration::from_millis(1400), "{:?}", start.elapsed());
        while lines(&mosquitto.address()).len() < 4 {
            closings(1);
        }
    });
    // The rival may have closed the connection last.
    other.publish("requests", true, "r").unwrap();
    while !matches!(next(&events), Event::Message(_)) {}
    assert_eq!(
        lines(&mosquitto.address()),
        [
            format!("connected to MQTT broker {broker}"),
            format!("disconnected from MQTT broker {broker}: it closed the connection; retrying"),
            format!("connected to MQTT broker {broker}"),
            format!(
                "MQTT broker {broker} closes each connection soon: another client probably uses the client \
                 ID session; stop the other client"
            ),
        ]
    );
}

fn set_limit(directory: &Path, limit: &str) {
    std::fs::write(directory.join("limit.conf"), format!("{limit}\n")).unwrap();
}

/// The messages that the session publishes after each connect, and their sizes as packets.
const MESSAGES: [(&str, usize); 3] = [("small", 41), ("large", 412), ("larger", 1013)];

/// Publishes messages after each connect, until a connection remains.
fn publish_until_it_remains(publisher: &Publisher, events: &Receiver<Event>) {
    loop {
        match next(events) {
            Event::Connected => {
                for (topic, size) in MESSAGES {
                    let header = 2 + topic.len() + 2 + if size < 128 { 2 } else { 3 };
                    // The connection may have ended.
                    let _ = publisher.publish(topic, QoS::AtLeastOnce, false, vec![b'x'; size - header]);
                }
                // The session receives it after the broker has received the others.
                let _ = publisher.publish("requests", QoS::AtLeastOnce, false, "r");
            }
            Event::Lost => {}
            Event::Message(_) => return,
        }
    }
}

#[test]
fn packets_that_exceed_the_limit_of_the_broker_are_logged_once_and_not_sent() {
    let directory = tempfile::tempdir().unwrap();
    set_limit(directory.path(), "max_packet_size 60");
    let mut mosquitto = Mosquitto::start_with(&format!("include_dir {}\n", directory.path().display()));
    let address = mosquitto.address();
    let broker: Address = address.parse().unwrap();
    let watch = || {
        let mut other = Connection::open(&broker, None, "other", PATIENCE).unwrap();
        other.subscribe(&MESSAGES.map(|(topic, _)| topic), QoS::AtLeastOnce).unwrap();
        other
    };
    let topics = |other: &mut Connection| {
        other.publish("small", false, "last").unwrap();
        let mut topics = Vec::new();
        loop {
            let message = other.next_message().unwrap();
            if message.payload == b"last" {
                return topics;
            }
            topics.push(message.topic);
        }
    };
    let connected = format!("connected to MQTT broker {address}");
    let disconnected = format!("disconnected from MQTT broker {address}: it closed the connection; retrying");
    let too_large = |(topic, size): (&str, usize)| {
        format!(
            "MQTT broker {address} closes the connection after a packet of {size} bytes on {topic}; such \
             packets are not sent; raise max_packet_size in mosquitto.conf and restart mosquitto"
        )
    };
    let [_, large, larger] = MESSAGES;

    let mut other = watch();
    let (publisher, events) = start(&broker);
    publish_until_it_remains(&publisher, &events);
    await_line(&address, &too_large(large), 1);
    let mut expected =
        vec![connected.clone(), disconnected.clone(), connected.clone(), too_large(larger), too_large(large)];
    assert_eq!(lines(&address), expected);
    assert!(topics(&mut other).iter().all(|topic| topic == "small"));

    // The broker restarts with the same limit: the session finds it without another line.
    mosquitto.restart();
    publish_until_it_remains(&publisher, &events);
    expected.extend([disconnected.clone(), connected.clone()]);
    assert_eq!(lines(&address), expected);

    // A higher limit is used at once.
    set_limit(directory.path(), "max_packet_size 2000");
    mosquitto.restart();
    let mut other = watch();
    publish_until_it_remains(&publisher, &events);
    assert_eq!(topics(&mut other), MESSAGES.map(|(topic, _)| topic));

    // The broker has accepted the size in between.
    set_limit(directory.path(), "max_packet_size 500");
    mosquitto.restart();
    let mut other = watch();
    publish_until_it_remains(&publisher, &events);
    await_line(&address, &too_large(larger), 2);
    await_line(&address, &too_large(large), 1);
    assert!(topics(&mut other).ends_with(&["small".into(), "large".into()]));
}

#[test]
fn a_broker_that_drops_large_messages_keeps_the_connection() {
    let mosquitto = Mosquitto::start_with("message_size_limit 50\n");
    let broker = address(&mosquitto.address());
    let mut other = Connection::open(&broker, None, "other", PATIENCE).unwrap();
    other.subscribe(&["small", "large"], QoS::AtLeastOnce).unwrap();
    let (publisher, events) = start(&broker);
    publish_until_it_remains(&publisher, &events);
    assert_eq!(other.next_message().unwrap().topic, "small");
    assert_eq!(lines(&mosquitto.address()), [format!("connected to MQTT broker {broker}")]);
}

#[test]
fn a_broker_that_rejects_connect_is_logged_once_and_retried_slowly() {
    let mosquitto = Mosquitto::start_with("max_packet_size 20\n");
    let proxy = TcpProxy::to(mosquitto.port());
    let start_time = Instant::now();
    let _session = start(&address(&proxy.address()));
    wait_for("five attempts", PATIENCE, || (proxy.written().len() >= 5).then_some(()));
    // The shortest that four waits can be, which double from 0.2 s.
    assert!(start_time.elapsed() >= Duration::from_millis(1500), "{:?}", start_time.elapsed());
    assert_eq!(
        lines(&proxy.address()),
        [format!(
            "cannot connect to MQTT broker {}: it closed the connection without an answer to a CONNECT \
             packet of 39 bytes; check max_packet_size, max_connections and TLS in mosquitto.conf; retrying",
            proxy.address()
        )]
    );
}
