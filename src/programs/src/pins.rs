// SPDX-License-Identifier: GPL-3.0-or-later
//! The GPIO numbers of the lamp's hardware on the Raspberry Pi.

/// The red, green and blue LED.
pub const LEDS: [u8; 3] = [19, 26, 13];

/// The button beside the panel, pressed when its level is low.
pub const BUTTON: u8 = 17;

/// The panel's backlight.
pub const BACKLIGHT: u8 = 18;
