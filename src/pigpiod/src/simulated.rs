// SPDX-License-Identifier: GPL-3.0-or-later
//! Pins that are none, for demonstrations on machines without GPIO: they keep what they are set to, report it, and switch
//! nothing.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::os::fd::BorrowedFd;
use std::thread;

use pigpio::protocol::{PINS, USER_PINS};
use pigpio::{ErrorCode, Mode, Pull};

use crate::{Events, Hardware, Pins, Server, Signal, Use};

/// What PWM does on each pin that can have it; `None` for a pin that is not driven by it.
pub type PwmPins = [Option<Pwm>; USER_PINS as usize];

/// A pin that is driven by PWM: it is on for `duty` parts of `range`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pwm {
    /// The duty cycle.
    pub duty: u32,
    /// The duty cycle that means "fully on".
    pub range: u32,
}

/// Those that may be changed: the pins of the header.
const HEADER: RangeInclusive<u32> = 2..=27;

/// The revision code of a Pi 3.
const REVISION: u32 = 0x00a0_2082;

/// Starts a simulated pigpiod on a free port of 127.0.0.1 and returns its address. It runs until the process ends.
///
/// `on_change` is called, on a thread of the simulation, after each batch of requests that changed what PWM does.
pub fn start(on_change: impl Fn(&PwmPins) + Send + 'static) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let pins = [None; USER_PINS as usize];
    let hardware = Simulated { pulls: [Pull::Off; PINS as usize], pins, reported: pins, on_change };
    let mut server = Server::new(vec![listener], Pins::new(hardware, u64::MAX))?;
    thread::Builder::new().name("pigpiod".into()).spawn(move || {
        // It can fail only when there is no memory left; then its clients find their connections closed.
        let _ = server.run(&[]);
    })?;
    Ok(address)
}

struct Simulated<F> {
    /// The pull resistor of each pin.
    pulls: [Pull; PINS as usize],
    pins: PwmPins,
    /// What was reported last.
    reported: PwmPins,
    on_change: F,
}

impl<F: Fn(&PwmPins)> Hardware for Simulated<F> {
    fn permits(&self, pin: u32, to: Use) -> bool {
        to == Use::Ask || HEADER.contains(&pin)
    }

    fn first_mode(&self, _: u32) -> u32 {
        Mode::Input as u32
    }

    fn drive(&mut self, pin: u32, signal: Signal) -> Result<(), ErrorCode> {
        if let Some(place) = self.pins.get_mut(pin as usize) {
            *place = match signal {
                Signal::Pwm { duty, range, .. } => Some(Pwm { duty, range }),
                Signal::Off | Signal::Level(_) => None,
            };
        }
        Ok(())
    }

    /// No button is ever pressed, and nothing but a resistor is connected to an input.
    fn level(&mut self, pin: u32) -> Result<bool, ErrorCode> {
        Ok(self.pulls[pin as usize] == Pull::Up)
    }

    fn set_pull(&mut self, pin: u32, pull: Pull) -> Result<(), ErrorCode> {
        self.pulls[pin as usize] = pull;
        Ok(())
    }

    fn set_glitch_filter(&mut self, _: u32, _: u32) -> Result<(), ErrorCode> {
        Ok(())
    }

    fn revision(&self) -> u32 {
        REVISION
    }

    /// What was sent in one write is reported as one, so that no mixture of two colours is seen.
    fn settle(&mut self) {
        if self.pins != self.reported {
            self.reported = self.pins;
            (self.on_change)(&self.reported);
        }
    }

    fn sources(&self) -> Vec<BorrowedFd<'_>> {
        Vec::new()
    }

    fn events(&mut self) -> Events {
        Events::default()
    }
}
