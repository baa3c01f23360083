// SPDX-License-Identifier: GPL-3.0-or-later
//! The state of the pins and the commands on it, by pigpio's rules, for any hardware.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use pigpio::protocol::{self, Message, PINS, USER_PINS, number, pwm};
use pigpio::{ErrorCode, Mode, Pull};

use crate::noise_filter::NoiseFilter;
use crate::{Change, Events, Hardware, Signal, Use};

/// The function of a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    /// Not driven.
    None,
    Level(bool),
    /// PWM with this duty cycle.
    Pwm(u32),
}

#[derive(Debug, Clone, Copy)]
struct Pin {
    mode: u32,
    function: Function,
    range: u32,
    frequency: u32,
    noise_filter: NoiseFilter,
}

impl Pin {
    fn signal(self) -> Signal {
        match self.function {
            Function::None => Signal::Off,
            Function::Level(level) => Signal::Level(level),
            Function::Pwm(duty) => Signal::Pwm { duty, range: self.range, frequency: self.frequency },
        }
    }
}

/// All pins of a Pi.
#[derive(Debug)]
pub struct Pins<H> {
    hardware: H,
    /// Pins that may be changed, one bit each.
    changeable: u64,
    all: [Pin; PINS as usize],
}

impl<H: Hardware> Pins<H> {
    /// Only the pins in the mask `changeable`, one bit each, may be changed, and only as the hardware
    /// permits.
    pub fn new(hardware: H, changeable: u64) -> Self {
        let all = std::array::from_fn(|number| Pin {
            mode: hardware.first_mode(number as u32),
            function: Function::None,
            range: pwm::DEFAULT_RANGE,
            frequency: pwm::DEFAULT_FREQUENCY,
            noise_filter: NoiseFilter::default(),
        });
        Self { hardware, changeable, all }
    }

    /// The hardware.
    pub fn hardware(&self) -> &H {
        &self.hardware
    }

    /// Called after all requests of a batch.
    pub(crate) fn settle(&mut self) {
        self.hardware.settle();
    }

    /// Runs a command on pins or about the machine.
    pub(crate) fn run(&mut self, request: Message, further: &[u8]) -> Result<u32, ErrorCode> {
        let Message { command, first: pin, second: value, .. } = request;
        match command {
            number::MODES => self.set_mode(pin, value),
            number::MODEG => Ok(self.any(pin, Use::Ask)?.mode),
            number::PUD => {
                self.any(pin, Use::Configure)?;
                let pull = Pull::of_number(value).ok_or(ErrorCode::BAD_PUD)?;
                self.hardware.set_pull(pin, pull).map(|()| 0)
            }
            number::READ => {
                self.any(pin, Use::Ask)?;
                self.level(pin).map(u32::from)
            }
            number::WRITE => {
                self.any(pin, Use::Drive)?;
                if value > 1 {
                    return Err(ErrorCode::BAD_LEVEL);
                }
                self.put(pin, Function::Level(value == 1))
            }
            number::PWM => {
                if value > self.user(pin, Use::Drive)?.range {
                    return Err(ErrorCode::BAD_DUTYCYCLE);
                }
                self.put(pin, Function::Pwm(value))
            }
            number::PRS => self.set_range(pin, value),
            number::PFS => self.set_frequency(pin, value),
            number::BR1 => Ok(self.levels()),
            number::TICK => Ok(tick()),
            number::HWVER => Ok(self.hardware.revision()),
            number::PRG => Ok(self.user(pin, Use::Ask)?.range),
            number::PFG => Ok(self.user(pin, Use::Ask)?.frequency),
            number::PRRG => Ok(pwm::levels(self.user(pin, Use::Ask)?.frequency)),
            number::PIGPV => Ok(protocol::VERSION),
            number::GDC => match self.user(pin, Use::Ask)?.function {
                Function::Pwm(duty) => Ok(duty),
                _ => Err(ErrorCode::NOT_PWM_GPIO),
            },
            number::FG => {
                self.user(pin, Use::Ask)?;
                if value > protocol::LONGEST_STEADY {
                    return Err(ErrorCode::BAD_FILTER);
                }
                self.hardware.set_glitch_filter(pin, value).map(|()| 0)
            }
            number::FN => self.set_noise_filter(pin, value, further),
            _ => Err(ErrorCode::UNKNOWN_COMMAND),
        }
    }

    /// The hardware events. Sets outputs that have become available, and applies the noise filters to
    /// changes.
    pub(crate) fn events(&mut self) -> Events {
        let mut events = self.hardware.events();
        events.changes.retain(|change| self.all[change.pin as usize].noise_filter.passes(change.tick));
        if events.outputs_came {
            for number in 0..PINS {
                let pin = self.all[number as usize];
                if pin.function == Function::None {
                    self.all[number as usize].mode = self.hardware.first_mode(number);
                } else {
                    // If this fails, the output has disappeared again, and the hardware reports it.
                    let _ = self.hardware.drive(number, pin.signal());
                }
            }
        }
        events
    }

    /// The levels of the pins 0 to 31, one bit each.
    pub(crate) fn levels(&mut self) -> u32 {
        (0..USER_PINS)
            .filter(|pin| self.hardware.permits(*pin, Use::Ask) && self.level(*pin) == Ok(true))
            .fold(0, |levels, pin| levels | 1 << pin)
    }

    /// The levels after a change. Further changes may already have happened.
    pub(crate) fn levels_after(&mut self, change: Change) -> u32 {
        self.levels() & !(1 << change.pin) | u32::from(change.level) << change.pin
    }

    /// A pin with PWM above 0 counts as on, regardless of the phase of the period.
    fn level(&mut self, pin: u32) -> Result<bool, ErrorCode> {
        match self.all[pin as usize].function {
            Function::None => self.hardware.level(pin),
            Function::Level(level) => Ok(level),
            Function::Pwm(duty) => Ok(duty > 0),
        }
    }

    fn set_mode(&mut self, number: u32, mode: u32) -> Result<u32, ErrorCode> {
        let pin = *self.any(number, Use::Configure)?;
        if mode > protocol::LARGEST_MODE {
            return Err(ErrorCode::BAD_MODE);
        }
        if mode != Mode::Input as u32 {
            self.any(number, Use::Drive)?;
        }
        // A pin that already has the mode keeps its function.
        if pin.mode != mode {
            // The mode can be set on a pin that cannot be driven; then there is no signal to stop.
            let _ = self.hardware.drive(number, Signal::Off);
            self.all[number as usize] = Pin { mode, function: Function::None, ..pin };
        }
        Ok(0)
    }

    /// Drives a pin, which makes it an output.
    fn put(&mut self, number: u32, function: Function) -> Result<u32, ErrorCode> {
        let pin = Pin { mode: Mode::Output as u32, function, ..self.all[number as usize] };
        self.hardware.drive(number, pin.signal())?;
        self.all[number as usize] = pin;
        Ok(0)
    }

    /// The duty cycle keeps its proportion of the range.
    fn set_range(&mut self, number: u32, range: u32) -> Result<u32, ErrorCode> {
        let pin = self.user(number, Use::Configure)?;
        if !pwm::RANGES.contains(&range) {
            return Err(ErrorCode::BAD_DUTYRANGE);
        }
        if let Function::Pwm(duty) = &mut pin.function {
            *duty = *duty * range / pin.range;
        }
        pin.range = range;
        let levels = pwm::levels(pin.frequency);
        self.follow(number);
        Ok(levels)
    }

    fn set_frequency(&mut self, number: u32, hertz: u32) -> Result<u32, ErrorCode> {
        let pin = self.user(number, Use::Configure)?;
        pin.frequency = pwm::nearest_frequency(hertz);
        let chosen = pin.frequency;
        self.follow(number);
        Ok(chosen)
    }

    /// Applies a new range or frequency to PWM. If this fails, the next duty cycle is refused.
    fn follow(&mut self, number: u32) {
        let pin = self.all[number as usize];
        if matches!(pin.function, Function::Pwm(_)) {
            let _ = self.hardware.drive(number, pin.signal());
        }
    }

    /// The third parameter is in the further bytes.
    fn set_noise_filter(&mut self, number: u32, steady: u32, further: &[u8]) -> Result<u32, ErrorCode> {
        let pin = self.user(number, Use::Ask)?;
        let active = further.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        if steady > protocol::LONGEST_STEADY || active > protocol::LONGEST_ACTIVE {
            return Err(ErrorCode::BAD_FILTER);
        }
        pin.noise_filter = NoiseFilter::new(steady, active, tick());
        Ok(0)
    }

    /// A pin up to 53.
    fn any(&mut self, number: u32, to: Use) -> Result<&mut Pin, ErrorCode> {
        self.pin(number, PINS, ErrorCode::BAD_GPIO, to)
    }

    /// A pin up to 31.
    fn user(&mut self, number: u32, to: Use) -> Result<&mut Pin, ErrorCode> {
        self.pin(number, USER_PINS, ErrorCode::BAD_USER_GPIO, to)
    }

    /// Like pigpio, checks first whether the pin may be changed, then its number.
    fn pin(&mut self, number: u32, end: u32, bad: ErrorCode, to: Use) -> Result<&mut Pin, ErrorCode> {
        if number >= PINS {
            return Err(bad);
        }
        let is_changeable = self.changeable & 1 << number != 0 && self.hardware.permits(number, to);
        if to != Use::Ask && !is_changeable {
            return Err(ErrorCode::NOT_PERMITTED);
        }
        if number >= end {
            return Err(bad);
        }
        if !self.hardware.permits(number, to) {
            return Err(ErrorCode::NOT_PERMITTED);
        }
        Ok(&mut self.all[number as usize])
    }
}

/// The time in microseconds since the boot, from the clock of the kernel's GPIO events. Like pigpio's, it
/// wraps around after 71 minutes.
fn tick() -> u32 {
    // Every Linux has this clock.
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |now| Duration::from(now).as_micros() as u32)
}
