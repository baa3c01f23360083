// SPDX-License-Identifier: GPL-3.0-or-later
//! Home Assistant's MQTT discovery: a retained message that describes the lamp, in words of the topics it has anyway.
//!
//! The description follows Home Assistant's MQTT light of the default schema. Its templates turn Home Assistant's
//! numbers (brightness 0 to 100 as asked for here, hue 0 to 360, saturation 0 to 100) into the lamp's and back.

use lamp::topic;
use serde_json::json;

use crate::NAME;

/// What is told to Home Assistant, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Discovery {
    prefix: String,
    device: String,
}

impl Discovery {
    /// For the discovery prefix of Home Assistant, and the name by which it knows the lamp.
    pub(crate) fn new(prefix: &str, device: &str) -> Self {
        Self { prefix: prefix.into(), device: device.into() }
    }

    /// The topic of the description.
    pub(crate) fn config_topic(&self) -> String {
        format!("{}/light/lampi_{}/config", self.prefix, self.device)
    }

    /// Where Home Assistant tells that it has started.
    pub(crate) fn birth_topic(&self) -> String {
        format!("{}/status", self.prefix)
    }

    /// The description.
    pub(crate) fn config(&self) -> String {
        let request = |field: &str| format!(r#"{{"client": "home_assistant", {field}}}"#);
        let (on, off) = (request(r#""on": true"#), request(r#""on": false"#));
        let id = format!("lampi_{}", self.device);
        json!({
            "name": null,
            "unique_id": id,
            "device": {
                "identifiers": [id],
                "name": format!("LAMPI {}", self.device),
                "model": "LAMPI",
                "sw_version": env!("CARGO_PKG_VERSION"),
            },
            "availability_topic": topic::connection_state(NAME),
            "payload_available": "1",
            "payload_not_available": "0",
            "qos": 1,
            "retain": false,
            "command_topic": topic::SET_CONFIG,
            // Colour and brightness go first: a dark lamp lights up as it shall be.
            "on_command_type": "last",
            "payload_on": on,
            "payload_off": off,
            "state_topic": topic::CHANGED,
            // Home Assistant knows a light's state by what it would send to bring it about.
            "state_value_template": format!("{{{{ '{on}' if value_json.on else '{off}' }}}}"),
            "brightness_scale": 100,
            "brightness_state_topic": topic::CHANGED,
            "brightness_value_template": "{{ (value_json.brightness * 100) | round | int }}",
            "brightness_command_topic": topic::SET_CONFIG,
            "brightness_command_template": request(r#""brightness": {{ value / 100 }}"#),
            "hs_state_topic": topic::CHANGED,
            "hs_value_template": "{{ value_json.color.h * 360 }},{{ value_json.color.s * 100 }}",
            "hs_command_topic": topic::SET_CONFIG,
            "hs_command_template": request(r#""color": {"h": {{ hue / 360 }}, "s": {{ sat / 100 }} }"#),
        })
        .to_string()
    }
}
