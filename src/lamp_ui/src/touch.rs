// SPDX-License-Identifier: GPL-3.0-or-later
//! The touch screen: found by what it can do, read without blocking, and found again when it goes away.

mod decoder;
mod device;
mod filter;

pub use device::{Pointer, TouchScreen};
pub use filter::Filter;
