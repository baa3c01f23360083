// SPDX-License-Identifier: GPL-3.0-or-later
//! Rounds to two decimals, the precision of stored and published numbers. With more, two sliders could keep
//! correcting each other's last digit.

/// `number` with two decimals, never minus zero.
pub(crate) fn rounded(number: f64) -> f64 {
    // Formatting rounds the exact binary value, as Python's round() does. Scaling by 100 first would not.
    let rounded: f64 = format!("{number:.2}").parse().expect("a printed float is a float");
    rounded + 0.0
}
