// SPDX-License-Identifier: GPL-3.0-or-later
//! The account that the lamp's own programs run as, unless whoever builds the package names another.

/// Its name.
pub const NAME: &str = "pi";

/// Its home.
pub const HOME: &str = "/home/pi";

/// Where its Kivy configuration is.
pub const KIVY_HOME: &str = "/home/pi/.kivy";

/// The groups that screen, touch, pins and the graphics processor belong to, and whether the lamp is in trouble if its user is
/// in none of that name. A machine need not have all of them.
pub const GROUPS: [(&str, bool); 4] = [("video", true), ("input", true), ("gpio", false), ("render", false)];
