// SPDX-License-Identifier: GPL-3.0-or-later
//! The pins: what they are set to, and the commands that set it.

use std::ops::RangeInclusive;

/// Pins that can be driven by PWM: GPIO 0 to 31.
pub(crate) const PWM_PINS: usize = 32;

/// What PWM does on each of them; `None` for a pin that is not driven by it.
pub type PwmPins = [Option<Pwm>; PWM_PINS];

/// A pin that is driven by PWM: it is on for `duty` parts of `range`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pwm {
    /// The duty cycle.
    pub duty: u32,
    /// The duty cycle that means "fully on".
    pub range: u32,
}

/// All GPIOs of the processor.
const PINS: usize = 54;

/// Those that may be changed: the pins of the header.
const PERMITTED: RangeInclusive<u32> = 2..=27;

/// The frequencies in Hz that there are with samples of 5 microseconds.
const FREQUENCIES: [u32; 18] =
    [8000, 4000, 2000, 1600, 1000, 800, 500, 400, 320, 250, 200, 160, 100, 80, 50, 40, 20, 10];

/// Samples in a second.
const SAMPLES: u32 = 200_000;

const INPUT: u32 = 0;
const OUTPUT: u32 = 1;
const PULL_UP: u32 = 2;

// Error codes of pigpio.h.
const BAD_USER_GPIO: i32 = -2;
const BAD_GPIO: i32 = -3;
const BAD_MODE: i32 = -4;
const BAD_PUD: i32 = -6;
const BAD_DUTYCYCLE: i32 = -8;
const BAD_DUTYRANGE: i32 = -21;
const NOT_PERMITTED: i32 = -41;
const UNKNOWN_COMMAND: i32 = -88;
const NOT_PWM_GPIO: i32 = -92;

#[derive(Debug, Clone, Copy)]
struct Pin {
    mode: u32,
    pull: u32,
    range: u32,
    frequency: u32,
    duty: Option<u32>,
}

pub(crate) struct Pins([Pin; PINS]);

impl Default for Pins {
    fn default() -> Self {
        Self([Pin { mode: INPUT, pull: 0, range: 255, frequency: 800, duty: None }; PINS])
    }
}

impl Pins {
    /// What PWM does now.
    pub fn pwm(&self) -> PwmPins {
        std::array::from_fn(|number| {
            let pin = self.0[number];
            pin.duty.map(|duty| Pwm { duty, range: pin.range })
        })
    }

    /// Carries out a command of pigpiod; the error is one of its codes.
    pub fn run(&mut self, command: u32, pin: u32, value: u32) -> Result<u32, i32> {
        let changes = matches!(command, 0 | 2 | 5 | 6 | 7);
        if changes && (pin as usize) < PINS && !PERMITTED.contains(&pin) {
            return Err(NOT_PERMITTED);
        }
        match command {
            // MODES, MODEG, PUD and READ
            0 => self.any(pin)?.set_mode(value),
            1 => Ok(self.any(pin)?.mode),
            2 => self.any(pin)?.set_pull(value),
            // No button is ever pressed, and nothing but a resistor is connected to an input.
            3 => Ok(u32::from(self.any(pin)?.pull == PULL_UP)),
            // PWM, PRS, PFS, PRG, PFG, PRRG and GDC
            5 => self.pwm_pin(pin)?.set_duty(value),
            6 => self.pwm_pin(pin)?.set_range(value),
            7 => self.pwm_pin(pin).map(|pin| pin.set_frequency(value)),
            22 => Ok(self.pwm_pin(pin)?.range),
            23 => Ok(self.pwm_pin(pin)?.frequency),
            24 => Ok(self.pwm_pin(pin)?.levels()),
            83 => self.pwm_pin(pin)?.duty.ok_or(NOT_PWM_GPIO),
            _ => Err(UNKNOWN_COMMAND),
        }
    }

    fn any(&mut self, number: u32) -> Result<&mut Pin, i32> {
        self.0.get_mut(number as usize).ok_or(BAD_GPIO)
    }

    fn pwm_pin(&mut self, number: u32) -> Result<&mut Pin, i32> {
        self.0[..PWM_PINS].get_mut(number as usize).ok_or(BAD_USER_GPIO)
    }
}

impl Pin {
    fn set_mode(&mut self, mode: u32) -> Result<u32, i32> {
        if mode > 7 {
            return Err(BAD_MODE);
        }
        // A pin that already is what it shall be keeps what it does.
        if self.mode != mode {
            (self.mode, self.duty) = (mode, None);
        }
        Ok(0)
    }

    fn set_pull(&mut self, pull: u32) -> Result<u32, i32> {
        if pull > PULL_UP {
            return Err(BAD_PUD);
        }
        self.pull = pull;
        Ok(0)
    }

    fn set_duty(&mut self, duty: u32) -> Result<u32, i32> {
        if duty > self.range {
            return Err(BAD_DUTYCYCLE);
        }
        (self.mode, self.duty) = (OUTPUT, Some(duty));
        Ok(0)
    }

    /// A pin that is on keeps its share of the range.
    fn set_range(&mut self, range: u32) -> Result<u32, i32> {
        if !(25..=40_000).contains(&range) {
            return Err(BAD_DUTYRANGE);
        }
        self.duty = self.duty.map(|duty| duty * range / self.range);
        self.range = range;
        Ok(self.levels())
    }

    /// The nearest of the frequencies; of two that are equally near, the higher.
    fn set_frequency(&mut self, hertz: u32) -> u32 {
        let nearest = FREQUENCIES.into_iter().min_by_key(|frequency| frequency.abs_diff(hertz));
        self.frequency = nearest.expect("there are some");
        self.frequency
    }

    /// The number of levels that it really has.
    fn levels(&self) -> u32 {
        SAMPLES / self.frequency
    }
}
