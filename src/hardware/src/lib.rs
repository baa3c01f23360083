// SPDX-License-Identifier: GPL-3.0-or-later
//! What a machine has for the lamp, found by looking: [`boot_config`] reads the firmware's config.txt and
//! knows whether the kernel has PWM on the pins of the LEDs, [`leds`] knows what drives the LEDs or why
//! nothing does, and [`devices`] lists framebuffers and touch screens.
//!
//! It changes nothing, prints nothing, and knows neither Supervisor nor the broker. Paths are below a root
//! directory, so that the card of another machine can be looked at too.

pub mod boot_config;
pub mod devices;
pub mod leds;
