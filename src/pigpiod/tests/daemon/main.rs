// SPDX-License-Identifier: GPL-3.0-or-later
//! The daemon's tests: its answers beside those of pigpio's own, its pins on a model of the kernel's, and the program itself.

mod conformance;
mod launcher;
mod model;
mod outputs;
mod program;
mod reports;
mod wire;
