// SPDX-License-Identifier: GPL-3.0-or-later
//! The touch screen: found by what it can do, read without blocking, and found again when it goes away.

mod decoder;
mod device;
mod filter;
mod input;

pub(crate) use device::{Pointer, TouchScreen};
pub(crate) use filter::Filter;
pub(crate) use input::{Options, TouchInput};
