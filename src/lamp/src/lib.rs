// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp's state, its colour and the MQTT contract that the programs share. This crate does no input or
//! output.
//!
//! All LAMPI clients use this contract: `lamp/set_config` requests a change, the retained `lamp/changed`
//! contains the state, and each client publishes its connection state on `lamp/connection/CLIENT/state`.

pub mod association;
pub mod color;
mod json;
mod rounding;
pub mod set_config;
pub mod state;
pub mod topic;

pub use json::InvalidPayload;
