// SPDX-License-Identifier: GPL-3.0-or-later
//! Names of the MQTT topics.

/// Requests for a change: QoS 1, not retained; payload [`crate::set_config::SetConfig`].
pub const SET_CONFIG: &str = "lamp/set_config";

/// The state after each change: QoS 1, retained; payload [`crate::state::LampState`].
pub const CHANGED: &str = "lamp/changed";

/// Requests for the panel's backlight: QoS 1, `{"backlight": 0.5}` with a number from 0 (dark) to 1. Retained
/// requests are accepted because nothing else stores the level.
pub const BACKLIGHT: &str = "lamp/backlight";

/// Whether the lamp belongs to an account: QoS 2, retained, published by the cloud through the bridge.
pub const ASSOCIATED: &str = "lamp/associated";

/// The topic where the client `client_id` publishes `1` (connected) or, as its Last Will, `0`: QoS 2,
/// retained.
#[must_use]
pub fn connection_state(client_id: &str) -> String {
    format!("lamp/connection/{client_id}/state")
}

/// The topic where the local broker publishes `1` (up) or `0` (down) for its bridge to the cloud.
///
/// `device_id` is the MAC address of eth0 as 12 lower-case hex digits.
#[must_use]
pub fn bridge_state(device_id: &str) -> String {
    format!("$SYS/broker/connection/{device_id}_broker/state")
}
