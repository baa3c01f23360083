// SPDX-License-Identifier: GPL-3.0-or-later
//! The default user of `lamp_service` and `lamp_ui`; a setting of the build changes it.

/// Its name.
pub const NAME: &str = "pi";

/// Its home directory.
pub const HOME: &str = "/home/pi";

/// The directory of its Kivy configuration.
pub const KIVY_HOME: &str = "/home/pi/.kivy";

/// The groups of screen, touch screen, pins and graphics processor. `true` marks a group that the user must
/// be in for the lamp to work. Not every machine has all of them.
pub const GROUPS: [(&str, bool); 4] = [("video", true), ("input", true), ("gpio", false), ("render", false)];
