// SPDX-License-Identifier: GPL-3.0-or-later
//! The LEDs: a thread that keeps them at the newest colour, through every absence of pigpiod.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use lamp::backoff::Backoff;
use lamp::state::PWM_RANGE;
use log::{info, warn};
use pigpio::{Client, Command, Error, Mode, Pin};

use crate::bell::{Bell, Heard};
use program::address::Address;

/// GPIOs of the red, green and blue LED.
const PINS: [Pin; 3] = [19, 26, 13];

/// PWM frequency in Hz.
const FREQUENCY: u32 = 1000;

/// How long pigpiod may take for an answer. It takes well under a millisecond, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(2);

/// The LEDs, as seen by who sets their colour.
pub struct Leds {
    /// Duty cycles of red, green and blue that are to be shown.
    newest: Mutex<[u32; 3]>,
    bell: Bell,
}

impl Leds {
    /// Starts the thread, which shows `duty` as soon as there is a pigpiod at `address`.
    pub fn start(address: Address, duty: [u32; 3]) -> anyhow::Result<Arc<Self>> {
        let bell = Bell::new().context("cannot make a socket pair")?;
        let leds = Arc::new(Self { newest: Mutex::new(duty), bell });
        let thread = Arc::clone(&leds);
        std::thread::Builder::new()
            .name("leds".into())
            .spawn(move || thread.run(&address))
            .context("cannot start the thread of the LEDs")?;
        Ok(leds)
    }

    /// Shows `duty` at once, if pigpiod is there. Never blocks; of several calls in a rush the last one counts.
    pub fn show(&self, duty: [u32; 3]) {
        *self.newest.lock().expect("no holder panics") = duty;
        self.bell.ring();
    }

    fn newest(&self) -> [u32; 3] {
        *self.newest.lock().expect("no holder panics")
    }

    fn run(&self, address: &Address) {
        // pigpiod is on this machine: asking often costs little, and the lamp is dark meanwhile.
        let longest = Duration::from_secs(2);
        let mut backoff = Backoff::new(Duration::from_millis(50), longest);
        let mut told = String::new();
        loop {
            let mut lit = None;
            let error = self.drive(address, &mut lit);
            if let Some(since) = lit {
                told.clear();
                // A pigpiod that ends at once, again and again, is not asked in a rush.
                if since.elapsed() > longest {
                    backoff.reset();
                }
            }
            // One line for each reason, not for each attempt.
            let reason = error.to_string();
            if reason != told {
                warn!("{reason}; the LEDs stay as they are until pigpiod is there");
                told = reason;
            }
            std::thread::sleep(backoff.wait());
        }
    }

    /// Keeps the LEDs at the newest colour for as long as that is possible; says in `lit` since when it was.
    fn drive(&self, address: &Address, lit: &mut Option<Instant>) -> Error {
        let result: Result<Infallible, Error> = (|| {
            let mut client = Client::connect(&address.host, address.port, PATIENCE)?;
            let [version] = client.run(&[Command::Version])?;
            // Frequency and range of a pin that shines already are set to what they are: it does not flicker. One
            // that is still dark is given its colour only now.
            let [_, _, levels, ..] = client.run(&set_up())?;
            client.run(&colour(self.newest()))?;
            info!("LEDs are driven by pigpiod {version} at {}, in {levels} levels", client.peer());
            *lit = Some(Instant::now());
            loop {
                match self.bell.wait(client.as_fd(), None) {
                    // Nothing was asked: it has closed the connection.
                    Ok(Heard::Other) => return Err(lost(&client, ErrorKind::UnexpectedEof.into())),
                    Ok(_) => client.run(&colour(self.newest()))?,
                    Err(error) => return Err(lost(&client, error)),
                };
            }
        })();
        let Err(error) = result;
        error
    }
}

fn lost(client: &Client, error: io::Error) -> Error {
    Error::Lost(client.peer(), error)
}

/// What a pin needs once: mode, frequency and range, in this order for each of [`PINS`].
fn set_up() -> [Command; 9] {
    std::array::from_fn(|index| {
        let pin = PINS[index / 3];
        match index % 3 {
            0 => Command::SetMode(pin, Mode::Output),
            1 => Command::SetFrequency(pin, FREQUENCY),
            _ => Command::SetRange(pin, PWM_RANGE),
        }
    })
}

/// A colour: all three pins in one write, so that no mixture of two colours is seen.
fn colour(duty: [u32; 3]) -> [Command; 3] {
    std::array::from_fn(|index| Command::SetDutyCycle(PINS[index], duty[index]))
}
