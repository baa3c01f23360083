// SPDX-License-Identifier: GPL-3.0-or-later
//! Which pins of the Raspberry Pi the lamp's hardware is wired to, by GPIO numbers.

/// The red, the green and the blue LED.
pub const LEDS: [u8; 3] = [19, 26, 13];

/// The button beside the panel, pressed when its level is low.
pub const BUTTON: u8 = 17;

/// The panel's backlight.
pub const BACKLIGHT: u8 = 18;
