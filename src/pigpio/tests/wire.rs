// SPDX-License-Identifier: GPL-3.0-or-later
//! The client's requests byte for byte, and replies that the real pigpiod never sends.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use pigpio::{Client, Command, Error};

/// Accepts one connection, reads `expected` bytes, sends `reply`, closes it and returns the bytes.
fn answer(expected: usize, reply: Vec<u8>) -> (Client, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut request = vec![0; expected];
        stream.read_exact(&mut request).unwrap();
        stream.write_all(&reply).unwrap();
        request
    });
    (Client::connect("127.0.0.1", port, Duration::from_secs(5)).unwrap(), server)
}

#[test]
fn a_batch_contains_its_requests_in_order() {
    let request = b"\x05\0\0\0\x13\0\0\0\x09\x03\0\0\0\0\0\0\x1a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let reply = b"\x05\0\0\0\x13\0\0\0\x09\x03\0\0\0\0\0\0\x1a\0\0\0\0\0\0\0\0\0\0\0\x4e\0\0\0";
    let (mut client, server) = answer(request.len(), reply.to_vec());
    assert_eq!(client.run(&[Command::SetDutyCycle(19, 777), Command::Version]).unwrap(), [0, 78]);
    assert_eq!(server.join().unwrap(), request);
}

#[test]
fn a_truncated_reply_is_a_lost_connection() {
    let (mut client, _server) = answer(16, b"\x1a\0\0\0\0\0\0".to_vec());
    let error = client.run(&[Command::Version]).unwrap_err();
    assert!(matches!(error, Error::Lost(..)), "{error:?}");
    assert!(error.to_string().ends_with("closed the connection"), "{error}");
}

#[test]
fn detects_another_service_on_the_port() {
    let (mut client, _server) = answer(16, b"HTTP/1.1 400 Bad Request\r\n".to_vec());
    let error = client.run(&[Command::Version]).unwrap_err();
    assert!(error.to_string().contains("is not pigpiod"), "{error}");
}

#[test]
fn reports_arrive_on_a_separate_connection() {
    // With simulated registers, the real daemon has no samples and sends no reports.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut requests, mut reports) = (listener.accept().unwrap().0, listener.accept().unwrap().0);
        let mut words = [[0; 16]; 2];
        reports.read_exact(&mut words[0]).unwrap();
        reports.write_all(b"\x63\0\0\0\0\0\0\0\0\0\0\0\x03\0\0\0").unwrap();
        requests.read_exact(&mut words[1]).unwrap();
        requests.write_all(b"\x13\0\0\0\x03\0\0\0\0\0\x02\0\0\0\0\0").unwrap();
        // Two reports, the second in two pieces, and the end.
        reports.write_all(&[1; 12 + 5]).unwrap();
        reports.write_all(&[2; 7]).unwrap();
        words
    });
    let mut client = Client::connect("127.0.0.1", port, Duration::from_secs(5)).unwrap();
    let mut reports = client.reports(1 << 17).unwrap();
    reports.wait().unwrap();
    reports.wait().unwrap();
    assert!(matches!(reports.wait(), Err(Error::Lost(..))));
    let [opened, begun] = server.join().unwrap();
    assert_eq!(&opened, b"\x63\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    assert_eq!(&begun, b"\x13\0\0\0\x03\0\0\0\0\0\x02\0\0\0\0\0");
}
