// SPDX-License-Identifier: GPL-3.0-or-later
//! Two decimals, which is all that is kept and published: more would let two sliders chase each other's last digit.

/// `number` with two decimals. There is no minus zero.
pub(crate) fn rounded(number: f64) -> f64 {
    // Printing rounds the exact binary value, as Python's round() does; scaling by 100 first would not.
    let rounded: f64 = format!("{number:.2}").parse().expect("a printed float is a float");
    rounded + 0.0
}
