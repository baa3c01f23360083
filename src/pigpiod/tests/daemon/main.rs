// SPDX-License-Identifier: GPL-3.0-or-later
//! Tests of the daemon: its answers compared with pigpio's own, its pins on a model of the kernel, and the
//! program.

mod conformance;
mod launcher;
mod model;
mod outputs;
mod program;
mod reports;
mod wire;
