// SPDX-License-Identifier: GPL-3.0-or-later
//! The hardware of a lamp: [`boot_config`] reads the firmware's config.txt and finds out whether the kernel
//! has PWM on the pins of the LEDs, [`leds`] finds out what drives the LEDs or why nothing does, and
//! [`devices`] lists framebuffers and touch screens.
//!
//! This crate changes nothing, prints nothing, and does not depend on Supervisor or the broker. Paths are
//! below a root directory, so that the card of another machine can be examined too.

pub mod boot_config;
pub mod devices;
pub mod leds;
