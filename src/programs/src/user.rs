// SPDX-License-Identifier: GPL-3.0-or-later
//! The account that the lamp's own programs run as, unless whoever builds the package names another.

/// Its name.
pub const NAME: &str = "pi";

/// Its home.
pub const HOME: &str = "/home/pi";

/// Where its Kivy configuration is.
pub const KIVY_HOME: &str = "/home/pi/.kivy";
