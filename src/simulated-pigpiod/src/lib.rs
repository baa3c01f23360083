// SPDX-License-Identifier: GPL-3.0-or-later
//! A simulation of pigpiod, for demonstrations on machines that have no GPIO: it keeps what pins are set to, tells it,
//! and switches nothing.
//!
//! It listens on 127.0.0.1 and knows the part of the socket's protocol that the lamp's programs use: mode, pull resistor
//! and level of a pin, everything about PWM, and reports, of which there never is one, as nothing changes by itself. Any
//! other command gets the answer that pigpiod gives to those it does not know. The crate `pigpio` describes the wire; its
//! tests hold the real daemon and this one to the same answers.

mod pins;

use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use pins::Pins;
pub use pins::{Pwm, PwmPins};

/// Size of a request and of its reply.
const MESSAGE: usize = 16;

/// The most further bytes that a request may announce, as with pigpiod.
const FURTHER: u32 = 65_536;

/// Starts a simulated pigpiod on a free port of 127.0.0.1 and returns its address. It runs until the process ends.
///
/// `on_change` is called, on a thread of the simulation, after each batch of requests that changed what PWM does.
pub fn start(on_change: impl Fn(&PwmPins) + Send + 'static) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let daemon = Arc::new(Mutex::new(Daemon { pins: Pins::default(), reports: 0, on_change }));
    thread::Builder::new().name("simulated-pigpiod".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            let daemon = Arc::clone(&daemon);
            // A client that cannot have a thread finds its connection closed.
            let _ = thread::Builder::new().spawn(move || {
                // It ends with its client, however that goes away.
                let _ = serve(&stream, &daemon);
            });
        }
    })?;
    Ok(address)
}

struct Daemon<F> {
    pins: Pins,
    /// How many connections of reports were opened; each has the number by which it was counted.
    reports: u32,
    on_change: F,
}

/// Answers requests in order until the client goes.
fn serve<F: Fn(&PwmPins)>(stream: &TcpStream, daemon: &Mutex<Daemon<F>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut requests = BufReader::new(stream);
    loop {
        let mut request = [0; MESSAGE];
        requests.read_exact(&mut request)?;
        let mut daemon = daemon.lock().expect("no holder panics");
        let before = daemon.pins.pwm();
        let mut replies = Vec::new();
        // What was sent in one write is carried out as one, so that no mixture of two colours is told.
        loop {
            replies.extend(daemon.answer(request, &mut requests)?);
            if requests.buffer().len() < MESSAGE {
                break;
            }
            requests.read_exact(&mut request)?;
        }
        let after = daemon.pins.pwm();
        if after != before {
            (daemon.on_change)(&after);
        }
        drop(daemon);
        let mut stream = stream;
        stream.write_all(&replies)?;
    }
}

impl<F> Daemon<F> {
    /// Carries out a request. Its further bytes, which no command that is known here has, are read and left alone.
    fn answer(&mut self, mut message: [u8; MESSAGE], further: &mut impl Read) -> io::Result<[u8; MESSAGE]> {
        let [command, first, second, length] = std::array::from_fn(|word| {
            u32::from_le_bytes(std::array::from_fn(|byte| message[4 * word + byte]))
        });
        if length > FURTHER {
            return Err(io::ErrorKind::InvalidData.into());
        }
        io::copy(&mut further.take(length.into()), &mut io::sink())?;
        let result = match command {
            BEGIN_REPORTS => (first < self.reports).then_some(0).ok_or(BAD_HANDLE),
            OPEN_REPORTS => {
                self.reports += 1;
                Ok(self.reports - 1)
            }
            VERSION => Ok(78),
            _ => self.pins.run(command, first, second),
        };
        let word = result.map_or_else(i32::to_le_bytes, u32::to_le_bytes);
        message[MESSAGE - 4..].copy_from_slice(&word);
        Ok(message)
    }
}

const BEGIN_REPORTS: u32 = 19;
const VERSION: u32 = 26;
const OPEN_REPORTS: u32 = 99;

/// `PI_BAD_HANDLE`.
const BAD_HANDLE: i32 = -25;
