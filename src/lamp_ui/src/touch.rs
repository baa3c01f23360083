// SPDX-License-Identifier: GPL-3.0-or-later
//! The touch screen: found by what it can do, read without blocking, and found again when it goes away.

mod choice;
mod device;
mod filter;
mod grab;
mod input;
mod mapping;
mod pointer;
#[cfg(test)]
mod recordings;
mod watch;

pub(crate) use device::TouchScreen;
pub(crate) use filter::Filter;
pub(crate) use input::{Options, TouchInput};
pub(crate) use pointer::{Pointer, pixels};
