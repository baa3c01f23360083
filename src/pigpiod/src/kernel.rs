// SPDX-License-Identifier: GPL-3.0-or-later
//! The pins of a lamp on the kernel's interfaces: PWM for the LEDs, the GPIO character device for the button.
//!
//! The chip of the driver pwm-gpio with an LED's pin drives the LED. Unless all LEDs have chips, none is
//! driven, because wrong colours would be confusing. The light stays unchanged when this program starts or
//! stops, so it never blinks. The kernel's events report chips that appear later.
//!
//! No other pin is changed.

mod chips;
mod gpio;
mod led;
mod sysfs;
mod uevents;

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use log::{info, warn};
use nix::errno::Errno;
use pigpio::protocol::pwm::DEFAULT_FREQUENCY;
use pigpio::{ErrorCode, Mode, Pull};
use programs::pins;
use runtime::logging::OnChangeLog;

pub use chips::missing;
pub use gpio::{CharacterDevice, Edge, Gpio, Line, LineFile, Settings};
use led::Led;
pub use sysfs::{Files, Sysfs};

use crate::{Change, Events, Hardware, Signal, Use};

/// An LED and its pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// The colour.
    pub name: &'static str,
    /// Its pin.
    pub pin: u32,
}

/// The pin of the panel's button.
const BUTTON: u32 = pins::BUTTON as u32;

/// The LEDs of a lamp.
pub const LEDS: [Output; 3] = [
    Output { name: "red", pin: pins::LEDS[0] as u32 },
    Output { name: "green", pin: pins::LEDS[1] as u32 },
    Output { name: "blue", pin: pins::LEDS[2] as u32 },
];

/// The pins of a lamp.
#[derive(Debug)]
pub struct Kernel<S, G: Gpio> {
    sysfs: S,
    /// In the order of [`LEDS`]; `None` while they cannot be driven.
    leds: Option<Vec<Led>>,
    gpio: G,
    /// The button's line, claimed at the first use.
    button: Option<G::Line>,
    settings: Settings,
    button_log: OnChangeLog,
    led_log: OnChangeLog,
    /// The kernel's events.
    uevents: Option<OwnedFd>,
    revision: u32,
}

impl Kernel<Files, CharacterDevice> {
    /// The pins of the machine with the root directory `root`.
    #[must_use]
    pub fn of_machine(root: &Path) -> Self {
        let uevents = uevents::subscribe()
            .inspect_err(|error| {
                warn!(
                    "cannot detect PWM chips that appear later: {error}; restart pigpiod after they appear"
                );
            })
            .ok();
        Self::new(Files::of_machine(root), CharacterDevice::of_machine(root), uevents, revision(root))
    }
}

impl<S: Sysfs, G: Gpio> Kernel<S, G> {
    /// Pins on these interfaces. `uevents` receives the kernel's events, one per datagram.
    pub fn new(sysfs: S, gpio: G, uevents: Option<OwnedFd>, revision: u32) -> Self {
        let mut kernel = Self {
            sysfs,
            leds: None,
            gpio,
            button: None,
            settings: Settings::default(),
            button_log: OnChangeLog::default(),
            led_log: OnChangeLog::default(),
            uevents,
            revision,
        };
        kernel.look_for_leds();
        kernel
    }

    /// Takes over the LEDs if all have chips, otherwise releases them. Returns whether they can be driven.
    fn look_for_leds(&mut self) -> bool {
        let found = chips::find(&self.sysfs);
        let Some(chips) = found.into_iter().collect::<Option<Vec<String>>>() else {
            self.let_go();
            return false;
        };
        match chips.iter().map(|chip| Led::take(&mut self.sysfs, chip)).collect::<io::Result<Vec<Led>>>() {
            Ok(leds) => {
                let parts = LEDS.iter().zip(&chips).map(|(led, chip)| format!("{} is {chip}", led.name));
                info!("using the kernel's PWM for the LEDs: {}", parts.collect::<Vec<_>>().join(", "));
                self.leds = Some(leds);
            }
            Err(error) => {
                self.leds = None;
                warn!("cannot use the PWM chips of the LEDs in /sys/class/pwm: {error}; run: lampi doctor");
            }
        }
        self.leds.is_some()
    }

    fn let_go(&mut self) {
        if self.leds.take().is_some() {
            warn!("a PWM chip of the LEDs has disappeared; waiting for it");
        }
    }

    fn put(&mut self, index: usize, signal: Signal) -> Option<io::Result<()>> {
        let led = self.leds.as_mut()?.get_mut(index)?;
        Some(match signal {
            Signal::Off => led.darken(&mut self.sysfs),
            Signal::Level(level) => {
                let period = if led.period() == 0 { period(DEFAULT_FREQUENCY) } else { led.period() };
                led.light(&mut self.sysfs, period, if level { period } else { 0 })
            }
            Signal::Pwm { duty, range, frequency } => {
                let period = period(frequency);
                led.light(&mut self.sysfs, period, period * u64::from(duty) / u64::from(range))
            }
        })
    }

    /// The button's line; claims it if necessary.
    fn button(&mut self) -> Result<&mut G::Line, ErrorCode> {
        if self.button.is_none() {
            match self.gpio.request(BUTTON, self.settings) {
                Ok(line) => self.button = Some(line),
                Err(error) => return Err(self.button_error(&error)),
            }
            self.button_log.reset();
        }
        // Always present here.
        self.button.as_mut().ok_or(ErrorCode::NOT_PERMITTED)
    }

    fn button_error(&mut self, error: &io::Error) -> ErrorCode {
        self.button_log.warn(&format!("cannot use GPIO {BUTTON}, the panel's button: {error}"));
        match error.kind() {
            ErrorKind::ResourceBusy => ErrorCode::GPIO_IN_USE,
            _ => ErrorCode::NOT_PERMITTED,
        }
    }

    fn configure(&mut self, settings: Settings) -> Result<(), ErrorCode> {
        self.settings = settings;
        let configured = self.button()?.configure(settings);
        configured.map_err(|error| self.button_error(&error))
    }

    /// Processes events. Returns whether the LEDs have become available.
    fn hear_of_chips(&mut self) -> bool {
        let Some(received) = self.uevents.as_ref().map(uevents::receive) else { return false };
        let is_away = |led: &Led| received.removed.iter().any(|chip| chip == led.chip());
        if self.leds.iter().flatten().any(is_away) {
            self.let_go();
        }
        received.is_about_pwm && self.leds.is_none() && self.look_for_leds()
    }

    fn edges(&mut self) -> Vec<Change> {
        let Some(line) = &mut self.button else { return Vec::new() };
        match line.edges() {
            Ok(edges) => {
                edges.into_iter().map(|Edge { level, tick }| Change { pin: BUTTON, level, tick }).collect()
            }
            Err(error) => {
                // The chip has disappeared. The next use of the button claims it again.
                self.button = None;
                self.button_error(&error);
                Vec::new()
            }
        }
    }
}

impl<S: Sysfs, G: Gpio> Hardware for Kernel<S, G> {
    fn permits(&self, pin: u32, to: Use) -> bool {
        place(pin).is_some() || pin == BUTTON && to != Use::Drive
    }

    /// LEDs that the kernel drives are outputs.
    fn first_mode(&self, pin: u32) -> u32 {
        if self.leds.is_some() && place(pin).is_some() { Mode::Output as u32 } else { Mode::Input as u32 }
    }

    /// Without chips, returns [`ErrorCode::NOT_HPWM_GPIO`] for a duty cycle and for a level. The pin is not
    /// driven in another way, because it would then be busy when the chips appear.
    fn drive(&mut self, pin: u32, signal: Signal) -> Result<(), ErrorCode> {
        let index = place(pin).ok_or(ErrorCode::NOT_PERMITTED)?;
        let mut put = self.put(index, signal);
        if put.as_ref().is_some_and(|put| put.as_ref().is_err_and(is_gone)) {
            // The chip has disappeared, or another program has unexported it. It may already exist again.
            self.let_go();
            self.look_for_leds();
            put = self.put(index, signal);
        }
        match put {
            Some(Ok(())) => {
                self.led_log.reset();
                Ok(())
            }
            Some(Err(error)) => {
                self.led_log.warn(&format!("cannot set the PWM of GPIO {pin}: {error}"));
                Err(ErrorCode::NOT_HPWM_GPIO)
            }
            None => Err(ErrorCode::NOT_HPWM_GPIO),
        }
    }

    fn level(&mut self, pin: u32) -> Result<bool, ErrorCode> {
        if let Some(index) = place(pin) {
            // With this error, a client detects without any change that the LEDs are dark.
            return self.leds.as_ref().map(|leds| leds[index].is_lit()).ok_or(ErrorCode::NOT_HPWM_GPIO);
        }
        let level = self.button()?.level();
        level.map_err(|error| self.button_error(&error))
    }

    /// A pull resistor has no effect on an LED's pin, which is an output.
    fn set_pull(&mut self, pin: u32, pull: Pull) -> Result<(), ErrorCode> {
        if pin == BUTTON {
            self.configure(Settings { pull: Some(pull), ..self.settings })?;
        }
        Ok(())
    }

    fn set_glitch_filter(&mut self, pin: u32, steady: u32) -> Result<(), ErrorCode> {
        if pin == BUTTON {
            self.configure(Settings { steady, ..self.settings })?;
        }
        Ok(())
    }

    fn revision(&self) -> u32 {
        self.revision
    }

    fn settle(&mut self) {}

    fn sources(&self) -> Vec<BorrowedFd<'_>> {
        self.uevents.iter().map(AsFd::as_fd).chain(self.button.iter().map(AsFd::as_fd)).collect()
    }

    fn events(&mut self) -> Events {
        Events { changes: self.edges(), outputs_came: self.hear_of_chips() }
    }
}

/// Whether an error means that the chip does not exist.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::ENOENT | Errno::ENODEV))
}

/// The index of a pin's LED.
fn place(pin: u32) -> Option<usize> {
    LEDS.iter().position(|led| led.pin == pin)
}

/// The period in nanoseconds, a whole number for all of pigpio's frequencies.
fn period(frequency: u32) -> u64 {
    1_000_000_000 / u64::from(frequency)
}

/// The revision code from the firmware; 0 if there is none.
fn revision(root: &Path) -> u32 {
    let revision = std::fs::read(root.join("proc/device-tree/system/linux,revision"));
    if let Some(code) = revision.ok().and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes) {
        return code;
    }
    let cpuinfo = std::fs::read_to_string(root.join("proc/cpuinfo")).unwrap_or_default();
    let line = cpuinfo.lines().find_map(|line| line.strip_prefix("Revision")?.split_once(':'));
    line.and_then(|(_, code)| u32::from_str_radix(code.trim(), 16).ok()).unwrap_or(0)
}
