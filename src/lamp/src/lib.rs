// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp as its programs know it: state, colour, and the MQTT contract that they share. It does no input or output.
//!
//! The contract is the one that every LAMPI client speaks: a `lamp/set_config` asks for a change, the retained
//! `lamp/changed` holds the state, and each client announces itself on `lamp/connection/CLIENT/state`.

pub mod association;
pub mod color;
mod json;
mod rounding;
pub mod set_config;
pub mod state;
pub mod topic;

pub use json::InvalidPayload;
