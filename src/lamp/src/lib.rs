// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp as its programs know it: state, colour, and the MQTT contract that they share.
//!
//! The contract is the one that every LAMPI client speaks: a `lamp/set_config` asks for a change, the retained
//! `lamp/changed` tells the state, and each client announces itself on `lamp/connection/CLIENT/state`.

pub mod association;
pub mod color;
mod field;
pub mod set_config;
pub mod state;
pub mod topic;

pub use field::Refusal;
