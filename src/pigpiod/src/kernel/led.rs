// SPDX-License-Identifier: GPL-3.0-or-later
//! One LED on its PWM chip, in nanoseconds.
//!
//! The kernel's rules: a chip can be exported only once and enabled only with a period; the duty cycle must
//! not be longer than the period. A chip stays enabled when its user exits. This module therefore takes over
//! the light as it is and writes only differences.

use std::io::{self, ErrorKind};

use super::Sysfs;

#[derive(Debug)]
pub(super) struct Led {
    chip: String,
    period: u64,
    duty: u64,
    is_enabled: bool,
    is_inverted: bool,
}

impl Led {
    /// Takes over the chip without a change.
    pub(super) fn take(sysfs: &mut impl Sysfs, chip: &str) -> io::Result<Self> {
        let exists = sysfs.read(&format!("class/pwm/{chip}/pwm0/period"));
        if exists.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            match sysfs.write(&format!("class/pwm/{chip}/export"), "0") {
                // Another program has exported it.
                Err(error) if error.kind() == ErrorKind::ResourceBusy => {}
                exported => exported?,
            }
        }
        let mut led = Self { chip: chip.into(), period: 0, duty: 0, is_enabled: false, is_inverted: false };
        led.period = led.number(sysfs, "period")?;
        led.duty = led.number(sysfs, "duty_cycle")?;
        led.is_enabled = led.text(sysfs, "enable")? == "1";
        led.is_inverted = led.text(sysfs, "polarity")? == "inversed";
        Ok(led)
    }

    /// Its chip's name in /sys/class/pwm.
    pub(super) fn chip(&self) -> &str {
        &self.chip
    }

    /// Its period; 0 if it has none yet.
    pub(super) fn period(&self) -> u64 {
        self.period
    }

    /// Whether it gives light.
    pub(super) fn is_lit(&self) -> bool {
        self.is_enabled && self.duty > 0
    }

    /// Lights it for `duty` of each `period`.
    pub(super) fn light(&mut self, sysfs: &mut impl Sysfs, period: u64, duty: u64) -> io::Result<()> {
        if self.is_inverted {
            self.write(sysfs, "polarity", "normal")?;
            self.is_inverted = false;
        }
        if period < self.period {
            self.set_duty(sysfs, duty)?;
        }
        if period != self.period {
            self.write(sysfs, "period", &period.to_string())?;
            self.period = period;
        }
        self.set_duty(sysfs, duty)?;
        if !self.is_enabled {
            self.write(sysfs, "enable", "1")?;
            self.is_enabled = true;
        }
        Ok(())
    }

    /// Switches the light off. A disabled chip does not change.
    pub(super) fn darken(&mut self, sysfs: &mut impl Sysfs) -> io::Result<()> {
        if self.is_enabled { self.set_duty(sysfs, 0) } else { Ok(()) }
    }

    fn set_duty(&mut self, sysfs: &mut impl Sysfs, duty: u64) -> io::Result<()> {
        if duty != self.duty {
            self.write(sysfs, "duty_cycle", &duty.to_string())?;
            self.duty = duty;
        }
        Ok(())
    }

    fn write(&self, sysfs: &mut impl Sysfs, name: &str, value: &str) -> io::Result<()> {
        sysfs.write(&self.file(name), value)
    }

    fn number(&self, sysfs: &impl Sysfs, name: &str) -> io::Result<u64> {
        let text = self.text(sysfs, name)?;
        text.parse().map_err(|_| {
            io::Error::new(
                ErrorKind::InvalidData,
                format!("/sys/{} contains {text:?}, not a number", self.file(name)),
            )
        })
    }

    fn text(&self, sysfs: &impl Sysfs, name: &str) -> io::Result<String> {
        let bytes = sysfs.read(&self.file(name))?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }

    fn file(&self, name: &str) -> String {
        format!("class/pwm/{}/pwm0/{name}", self.chip)
    }
}
