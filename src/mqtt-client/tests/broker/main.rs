// SPDX-License-Identifier: GPL-3.0-or-later
//! Both kinds of connection, to a real broker and to one that says nothing.

use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mqtt_client::session::{self, Event, Options, Publisher, Unsent};
use mqtt_client::{Connection, Error, Login, Message, Password, QoS, probe};
use runtime::address::Address;
use test_support::{Mosquitto, PATIENCE, set_password};

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn message(topic: &str, payload: &[u8], retained: bool) -> Message {
    Message { topic: topic.into(), payload: payload.to_vec(), retained }
}

fn start(broker: &Address) -> (Publisher, Receiver<Event>) {
    start_as(broker, Arc::new(Mutex::new(Ok(None))))
}

/// What a session is told of its login.
type Told = Arc<Mutex<Result<Option<Login>, String>>>;

fn start_as(broker: &Address, login: Told) -> (Publisher, Receiver<Event>) {
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

/// Sends a request, retained, because the broker may not know of the subscription yet.
fn await_request(other: &mut Connection, events: &Receiver<Event>) {
    other.publish("requests", true, "r").unwrap();
    let event = events.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(&event, Event::Message(message) if message.payload == b"r"), "{event:?}");
}

#[test]
fn questions_are_answered() {
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

/// Between the two that the broker sends for each request it waits until the first one is acknowledged, which the kernel
/// puts off by 40 ms.
#[test]
fn what_comes_is_acknowledged_at_once() {
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
fn a_broker_that_says_nothing_is_given_up_in_time() {
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
fn a_session_announces_itself_and_keeps_what_it_can_not_send() {
    let broker = Mosquitto::start();
    let (publisher, events) = start(&address(&broker.address()));
    assert_eq!(events.recv_timeout(PATIENCE).unwrap(), Event::Connected);
    let mut other = Connection::open(&address(&broker.address()), None, "other", PATIENCE).unwrap();
    // A subscription may come before the announcement, which is not marked as retained then, or after it.
    other.subscribe(&["session/state", "answers"], QoS::ExactlyOnce).unwrap();
    assert_eq!(other.next_message().unwrap().payload, b"1");
    let mut later = Connection::open(&address(&broker.address()), None, "later", PATIENCE).unwrap();
    later.subscribe(&["session/state"], QoS::ExactlyOnce).unwrap();
    assert_eq!(later.next_message().unwrap(), message("session/state", b"1", true));
    await_request(&mut other, &events);
    // Far more than may wait at a time, each as soon as there is room.
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
    assert!(matches!(events.recv_timeout(PATIENCE).unwrap(), Event::Lost(_)));
    assert_eq!(publisher.publish("answers", QoS::AtMostOnce, false, "late"), Err(Unsent));
}

#[test]
fn a_retained_message_that_is_too_large_is_removed() {
    let broker = Mosquitto::start();
    let mut other = Connection::open(&address(&broker.address()), None, "other", PATIENCE).unwrap();
    other.publish("requests", true, vec![b'x'; 5 << 20]).unwrap();
    let (_publisher, events) = start(&address(&broker.address()));
    assert_eq!(events.recv_timeout(PATIENCE).unwrap(), Event::Connected);
    assert_eq!(
        events.recv_timeout(PATIENCE).unwrap(),
        Event::Lost(format!("MQTT broker {}: it sends a packet of more than 4 MiB", broker.address()))
    );
    assert_eq!(events.recv_timeout(PATIENCE).unwrap(), Event::Connected);
    await_request(&mut other, &events);
}

fn login(name: &str, password: &str) -> Login {
    let password = Password { secret: password.into(), file: "/secret".into() };
    Login { username: name.into(), password: Some(password) }
}

#[test]
fn who_is_not_known_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let passwords = folder.path().join("passwords");
    set_password(&passwords, "lamp", "right");
    let lines = format!("allow_anonymous false\npassword_file {}\n", passwords.display());
    let broker = Mosquitto::start_with(&lines);
    let broker = address(&broker.address());
    probe(&broker, Some(&login("lamp", "right")), "probe").unwrap();
    let without = Login { username: "lamp".into(), password: None };
    for (login, reason) in [
        (None, "it asks for a user name and a password"),
        (Some(without), "the user name 'lamp' is wrong, or it asks for a password too"),
        (Some(login("lamp", "wrong")), "the user name 'lamp' or the password in /secret is wrong"),
    ] {
        let error = probe(&broker, login.as_ref(), "probe").unwrap_err();
        assert!(matches!(&error, Error::NotAuthorized(said) if *said == login), "{error:?}");
        assert_eq!(error.to_string(), format!("it refuses the connection: not authorized; {reason}"));
    }
    // Nowhere in what somebody may print.
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
    let told: Told = Arc::new(Mutex::new(Err("there is no file".into())));
    let (publisher, events) = start_as(&address(&broker.address()), Arc::clone(&told));
    let next = || events.recv_timeout(PATIENCE).unwrap();
    let lost = |reason: &str| Event::Lost(format!("MQTT broker {}: {reason}", broker.address()));
    let refused =
        "it refuses the connection: not authorized; the user name 'lamp' or the password in /secret is wrong";
    let say = |login| {
        *told.lock().unwrap() = login;
        publisher.log_in_again();
    };
    assert_eq!(next(), lost("there is no file"));
    // Each reason once, though it is tried again.
    say(Ok(Some(login("lamp", "wrong"))));
    assert_eq!(next(), lost(refused));
    say(Ok(Some(login("lamp", "right"))));
    assert_eq!(next(), Event::Connected);
    // The same one, and one that cannot be known, disturb nobody: the next event is of another one.
    publisher.log_in_again();
    say(Err("there is no file".into()));
    say(Ok(Some(login("other", "right"))));
    assert_eq!(next(), lost("the user name or the password has changed"));
    assert_eq!(next(), Event::Connected);

    // A broker that refuses is told of even if it was away before.
    let (address, restart) = (broker.address(), lost);
    let refused = restart(refused);
    broker.stop();
    assert!(matches!(next(), Event::Lost(reason) if reason.starts_with(&format!("MQTT broker {address}: "))));
    *told.lock().unwrap() = Ok(Some(login("lamp", "wrong")));
    broker.restart();
    assert_eq!(next(), refused);
}
