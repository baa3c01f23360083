// SPDX-License-Identifier: GPL-3.0-or-later
//! The LEDs: a thread that keeps them at the newest colour, through every absence of pigpiod.

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

/// GPIOs of the red, green and blue LED.
const PINS: [Pin; 3] = pins::LEDS;

/// How long pigpiod may take for an answer. It takes well under a millisecond, unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// How colours are shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LightSettings {
    /// Time from one colour to the next.
    pub transition: Duration,
    /// Exponent of the correction of dim light; 1 for none.
    pub gamma: f64,
    /// PWM frequency in Hz.
    pub frequency: u32,
}

/// The LEDs, as seen by who sets their colour.
pub(crate) struct Leds {
    newest: Mutex<Wanted>,
    waker: Waker,
    /// Up to which call the pins are as they were asked to be; `None` while there is no pigpiod.
    done: Mutex<Option<u64>>,
    done_changed: Condvar,
}

#[derive(Clone, Copy)]
struct Wanted {
    /// Duty cycles of red, green and blue.
    duty: [u32; 3],
    /// Time from the colour before to this one, if not that of the settings.
    transition: Option<Duration>,
    light: LightSettings,
    /// There will be no time for a transition.
    ending: bool,
    /// How many calls have asked for something.
    calls: u64,
}

/// What pigpiod says of the pins.
struct Pins {
    frequency: u32,
    levels: u32,
}

impl Leds {
    /// Starts the thread, which shows `duty` as soon as there is a pigpiod at `address`.
    pub(crate) fn start(address: Address, duty: [u32; 3], light: LightSettings) -> anyhow::Result<Arc<Self>> {
        let waker = Waker::new().context("cannot make an event counter")?;
        let newest = Mutex::new(Wanted { duty, transition: None, light, ending: false, calls: 0 });
        let leds = Arc::new(Self { newest, waker, done: Mutex::new(None), done_changed: Condvar::new() });
        let thread = Arc::clone(&leds);
        std::thread::Builder::new()
            .name("leds".into())
            .spawn(move || thread.run(&address))
            .context("cannot start the thread of the LEDs")?;
        Ok(leds)
    }

    /// Shows `duty` from now on, if pigpiod is there, after a `transition` or that of the settings. Never blocks; of several
    /// calls in a rush the last one counts.
    pub(crate) fn show(&self, duty: [u32; 3], transition: Option<Duration>) {
        self.change(|wanted| (wanted.duty, wanted.transition) = (duty, transition));
    }

    /// Shows colours so from now on.
    pub(crate) fn set_light_settings(&self, light: LightSettings) {
        self.change(|wanted| wanted.light = light);
    }

    /// Shows the newest colour without a transition and waits until the pins have it, if pigpiod is there and answers.
    ///
    /// Without it, a colour that was published already might never be seen when the program ends right after.
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
        // pigpiod is on this machine: asking often costs little, and the lamp is dark meanwhile.
        let longest = Duration::from_secs(2);
        let mut backoff = Backoff::new(Duration::from_millis(50), longest);
        let mut log = OnChangeLog::default();
        loop {
            let mut served = None;
            let error = self.drive(address, &mut served);
            self.set_done(None);
            if let Some(since) = served {
                log.reset();
                // A pigpiod that ends at once, again and again, is not asked in a rush.
                if since.elapsed() > longest {
                    backoff.reset();
                }
            }
            log.warn(&format!("{error}; the LEDs stay as they are until pigpiod is there"));
            std::thread::sleep(backoff.wait());
        }
    }

    /// Keeps the LEDs at the newest colour for as long as there is a pigpiod; says in `served` since when there was.
    ///
    /// One that has no PWM for the LEDs closes the connection when it has come by some. Until then the button, and whoever
    /// else it serves, are not disturbed by further connections.
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
                // From the moment whose colour is shown: if the way ended between that and now, its end is still to be shown.
                let wake = self.waker.wait(client.as_fd(), fade.next_step(shown_for));
                match wake {
                    // Nothing was asked: it has closed the connection.
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
                // What was asked for is written even if it is there: something else may have changed the pins.
                if duty != shown || matches!(wake, Ok(Wake::Woken)) {
                    let was_lit = std::mem::replace(&mut is_lit, show(&mut client, duty)?);
                    if is_lit != was_lit {
                        log_light(is_lit, version, &client, &pins);
                    }
                    if !is_lit {
                        // Nobody sees the way to the new colour.
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

/// Gives the pins what they need once: mode, frequency and range.
///
/// pigpiod switches a pin off and on again when its frequency or range is set, even to what it is. So it is asked
/// first, and a lamp that shines when this program starts does not flicker.
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

/// Shows a colour, if the daemon has what it takes. It is the lamp's own that may not, while the kernel has no PWM.
fn show(client: &mut Client, duty: [u32; 3]) -> Result<bool, Error> {
    match client.run(&colour(duty)) {
        Ok(_) => Ok(true),
        Err(Error::Refused(_, ErrorCode::NOT_HPWM_GPIO)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Says whether there is light, and how.
fn log_light(is_lit: bool, version: u32, client: &Client, pins: &Pins) {
    let peer = client.peer();
    if is_lit {
        let Pins { frequency, levels } = pins;
        info!("LEDs are driven by pigpiod {version} at {peer}, in {levels} levels at {frequency} Hz");
    } else {
        warn!(
            "the LEDs stay dark: the GPIO daemon at {peer} has no PWM for them; `lampi doctor` says what they need"
        );
    }
}

/// A colour: all three pins in one write, so that no mixture of two colours is seen.
fn colour(duty: [u32; 3]) -> [Command; 3] {
    std::array::from_fn(|index| Command::SetDutyCycle(PINS[index], duty[index]))
}
