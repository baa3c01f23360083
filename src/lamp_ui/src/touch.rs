// SPDX-License-Identifier: GPL-3.0-or-later
//! The touch screen: detected by its capabilities, read without blocking, and detected again when it returns.

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
