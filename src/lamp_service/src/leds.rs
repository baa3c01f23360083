// SPDX-License-Identifier: GPL-3.0-or-later
//! The LEDs: a thread that keeps them at the newest colour and reconnects to pigpiod.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use lamp::state::PWM_RANGE;
use log::{info, warn};
use pigpio::{Client, Command, Error, ErrorCode, Mode, Pin};
use programs::pins;
use runtime::address::Address;
use runtime::backoff::Backoff;
use runtime::logging::OnChangeLog;
use runtime::{Wake, Waker};

use crate::fade::{Fade, corrected};

/// The GPIO pins of the red, green and blue LED.
const PINS: [Pin; 3] = pins::LEDS;

/// The maximum time for pigpiod's answer. It takes less than 1 ms unless pigpiod hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// How colours are shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LightSettings {
    /// The duration of a transition.
    pub transition: Duration,
    /// The exponent of the gamma correction; 1 for none.
    pub gamma: f64,
    /// PWM frequency in Hz.
    pub frequency: u32,
}

/// A handle for setting the LEDs.
pub(crate) struct Leds {
    newest: Mutex<Wanted>,
    waker: Waker,
    /// The last call that the pins show; `None` while pigpiod is unreachable.
    done: Mutex<Option<u64>>,
    done_changed: Condvar,
}

#[derive(Clone, Copy)]
struct Wanted {
    /// Duty cycles of red, green and blue.
    duty: [u32; 3],
    /// The duration of the transition to this colour, if not the configured one.
    transition: Option<Duration>,
    light: LightSettings,
    /// The program ends without a transition.
    ending: bool,
    /// The number of calls.
    calls: u64,
}

/// The pins as pigpiod reports them.
struct Pins {
    frequency: u32,
    levels: u32,
}

impl Leds {
    /// Starts the thread, which shows `duty` as soon as pigpiod answers at `address`.
    pub(crate) fn start(address: Address, duty: [u32; 3], light: LightSettings) -> anyhow::Result<Arc<Self>> {
        let waker = Waker::new().context("cannot create an event counter")?;
        let newest = Mutex::new(Wanted { duty, transition: None, light, ending: false, calls: 0 });
        let leds = Arc::new(Self { newest, waker, done: Mutex::new(None), done_changed: Condvar::new() });
        let thread = Arc::clone(&leds);
        std::thread::Builder::new()
            .name("leds".into())
            .spawn(move || thread.run(&address))
            .context("cannot start the LED thread")?;
        Ok(leds)
    }

    /// Shows `duty` after a `transition` or the configured one, if pigpiod is reachable. Never blocks; of
    /// several quick calls the last takes effect.
    pub(crate) fn show(&self, duty: [u32; 3], transition: Option<Duration>) {
        self.change(|wanted| (wanted.duty, wanted.transition) = (duty, transition));
    }

    /// Applies new settings.
    pub(crate) fn set_light_settings(&self, light: LightSettings) {
        self.change(|wanted| wanted.light = light);
    }

    /// Shows the newest colour without a transition and waits until the pins have it, if pigpiod answers.
    ///
    /// Without this, the program could end before a published colour is visible.
    pub(crate) fn finish(&self) {
        self.change(|wanted| wanted.ending = true);
        let calls = self.newest().calls;
        let done = self.done.lock().expect("no holder panics");
        let is_due = |done: &mut Option<u64>| done.is_some_and(|done| done < calls);
        drop(self.done_changed.wait_timeout_while(done, PATIENCE, is_due));
    }

    fn change(&self, change: impl FnOnce(&mut Wanted)) {
        let mut newest = self.newest.lock().expect("no holder panics");
        change(&mut newest);
        newest.calls += 1;
        drop(newest);
        self.waker.wake();
    }

    fn set_done(&self, done: Option<u64>) {
        *self.done.lock().expect("no holder panics") = done;
        self.done_changed.notify_all();
    }

    fn newest(&self) -> Wanted {
        *self.newest.lock().expect("no holder panics")
    }

    fn run(&self, address: &Address) {
        // pigpiod is local: frequent attempts are cheap, and the lamp is dark until one succeeds.
        let longest = Duration::from_secs(2);
        let mut backoff = Backoff::new(Duration::from_millis(50), longest);
        let mut log = OnChangeLog::default();
        loop {
            let mut served = None;
            let error = self.drive(address, &mut served);
            self.set_done(None);
            if let Some(since) = served {
                log.reset();
                // Do not retry quickly if pigpiod keeps closing the connection.
                if since.elapsed() > longest {
                    backoff.reset();
                }
            }
            log.warn(&format!("{error}; the LEDs do not change until pigpiod answers"));
            std::thread::sleep(backoff.wait());
        }
    }

    /// Keeps the LEDs at the newest colour while pigpiod is reachable; sets `served` to the start of that
    /// time.
    ///
    /// A daemon without PWM for the LEDs closes the connection when PWM appears. Until then, no further
    /// connections disturb the button and the daemon's other clients.
    fn drive(&self, address: &Address, served: &mut Option<Instant>) -> Error {
        let result: Result<Infallible, Error> = (|| {
            let mut client = Client::connect(&address.host, address.port, PATIENCE)?;
            let [version] = client.run(&[Command::Version])?;
            let mut wanted = self.newest();
            let mut frequency = wanted.light.frequency;
            let mut pins = set_up(&mut client, frequency)?;
            let mut fade = Fade::resting_at(wanted.duty, Instant::now());
            let mut shown = corrected(wanted.duty, wanted.light.gamma, pins.levels);
            let mut is_lit = show(&mut client, shown)?;
            log_light(is_lit, version, &client, &pins);
            *served = Some(Instant::now());
            self.set_done(Some(wanted.calls));
            let mut shown_for = Instant::now();
            loop {
                // From the time of the shown colour: the transition may end between then and now, and its end
                // must still be shown.
                let wake = self.waker.wait(client.as_fd(), fade.next_step(shown_for));
                match wake {
                    // There was no request, so the daemon closed the connection.
                    Ok(Wake::Readable) => return Err(lost(&client, ErrorKind::UnexpectedEof.into())),
                    Ok(Wake::Woken) => {
                        wanted = self.newest();
                        if wanted.light.frequency != frequency {
                            frequency = wanted.light.frequency;
                            pins = set_up(&mut client, frequency)?;
                        }
                        if wanted.ending {
                            fade = Fade::resting_at(wanted.duty, Instant::now());
                        } else {
                            let transition = wanted.transition.unwrap_or(wanted.light.transition);
                            fade.aim(wanted.duty, transition, Instant::now());
                        }
                    }
                    Ok(Wake::Deadline) => {}
                    Err(error) => return Err(lost(&client, error)),
                }
                shown_for = Instant::now();
                let duty = corrected(fade.at(shown_for), wanted.light.gamma, pins.levels);
                // Write a requested colour even if it is shown: something else may have changed the pins.
                if duty != shown || matches!(wake, Ok(Wake::Woken)) {
                    let was_lit = std::mem::replace(&mut is_lit, show(&mut client, duty)?);
                    if is_lit != was_lit {
                        log_light(is_lit, version, &client, &pins);
                    }
                    if !is_lit {
                        // There is no light to fade.
                        fade = Fade::resting_at(wanted.duty, shown_for);
                    }
                    shown = duty;
                    self.set_done(Some(wanted.calls));
                }
            }
        })();
        let Err(error) = result;
        error
    }
}

fn lost(client: &Client, error: io::Error) -> Error {
    Error::Lost(client.peer(), error)
}

/// Sets up the pins: mode, frequency and range.
///
/// pigpiod switches a pin off and on when its frequency or range is set, even to the current value. So this
/// reads them first, and a lamp that is on does not flicker when this program starts.
fn set_up(client: &mut Client, frequency: u32) -> Result<Pins, Error> {
    client.run(&PINS.map(|pin| Command::SetMode(pin, Mode::Output)))?;
    let frequencies = client.run(&PINS.map(Command::Frequency))?;
    let ranges = client.run(&PINS.map(Command::Range))?;
    for ((pin, hertz), range) in PINS.into_iter().zip(frequencies).zip(ranges) {
        if (hertz, range) != (frequency, PWM_RANGE) {
            client.run(&[Command::SetFrequency(pin, frequency), Command::SetRange(pin, PWM_RANGE)])?;
        }
    }
    let [frequency, levels] = client.run(&[Command::Frequency(PINS[0]), Command::RealRange(PINS[0])])?;
    Ok(Pins { frequency, levels })
}

/// Shows a colour. Returns false if the daemon has no PWM, as LAMPI's own daemon on a kernel without PWM.
fn show(client: &mut Client, duty: [u32; 3]) -> Result<bool, Error> {
    match client.run(&colour(duty)) {
        Ok(_) => Ok(true),
        Err(Error::Refused(_, ErrorCode::NOT_HPWM_GPIO)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Logs whether the LEDs are driven, and how.
fn log_light(is_lit: bool, version: u32, client: &Client, pins: &Pins) {
    let peer = client.peer();
    if is_lit {
        let Pins { frequency, levels } = pins;
        info!("driving the LEDs through pigpiod {version} at {peer}, {levels} levels at {frequency} Hz");
    } else {
        warn!("the LEDs stay dark: the GPIO daemon at {peer} has no PWM for them; run: lampi doctor");
    }
}

/// Sets all three pins in one write, so that no mixture of two colours is visible.
fn colour(duty: [u32; 3]) -> [Command; 3] {
    std::array::from_fn(|index| Command::SetDutyCycle(PINS[index], duty[index]))
}
