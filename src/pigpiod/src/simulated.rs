// SPDX-License-Identifier: GPL-3.0-or-later
//! Simulated pins for demonstrations on machines without GPIO: they store and report their state and drive
//! nothing.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::os::fd::BorrowedFd;
use std::thread;

use pigpio::protocol::{PINS, USER_PINS};
use pigpio::{ErrorCode, Mode, Pull};

use crate::{Events, Hardware, Pins, Server, Signal, Use};

/// The PWM of each pin that supports it; `None` for a pin without PWM.
pub type PwmPins = [Option<Pwm>; USER_PINS as usize];

/// The PWM of a pin: on for `duty` parts of `range`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pwm {
    /// The duty cycle.
    pub duty: u32,
    /// The duty cycle that means "fully on".
    pub range: u32,
}

/// The pins of the header, which may be changed.
const HEADER: RangeInclusive<u32> = 2..=27;

/// The revision code of a Pi 3.
const REVISION: u32 = 0x00a0_2082;

/// Starts a simulated pigpiod on a free port of 127.0.0.1 and returns its address. It runs until the process
/// ends.
///
/// A thread of the simulation calls `on_change` after each batch of requests that changed PWM.
pub fn start(on_change: impl Fn(&PwmPins) + Send + 'static) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let pins = [None; USER_PINS as usize];
    let hardware = Simulated { pulls: [Pull::Off; PINS as usize], pins, reported: pins, on_change };
    let mut server = Server::new(vec![listener], Pins::new(hardware, u64::MAX))?;
    thread::Builder::new().name("pigpiod".into()).spawn(move || {
        // Fails only without memory; then the connections of its clients close.
        let _ = server.run(&[]);
    })?;
    Ok(address)
}

struct Simulated<F> {
    /// The pull resistor of each pin.
    pulls: [Pull; PINS as usize],
    pins: PwmPins,
    /// The last reported state.
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

    /// No button is pressed; an input has only its pull resistor.
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

    /// Reports a batch as one change, so that two colours never mix.
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
