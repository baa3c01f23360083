// SPDX-License-Identifier: GPL-3.0-or-later
//! Requests for a change.

use crate::color::Color;
use crate::rounding::rounded;
use crate::state::LampState;

/// A validated request. Absent fields do not change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SetConfig {
    /// The requesting client. `lamp/changed` repeats it, so that a client recognises its own change.
    pub client: String,
    /// The new colour.
    pub color: Option<Color>,
    /// The new brightness, 0 to 1.
    pub brightness: Option<f64>,
    /// Whether the lamp is on.
    pub on: Option<bool>,
}

impl SetConfig {
    /// Requests every field of a state.
    #[must_use]
    pub fn whole(state: &LampState) -> Self {
        let LampState { color, brightness, on, client } = state.clone();
        Self { client, color: Some(color), brightness: Some(brightness), on: Some(on) }
    }

    /// Whether the request changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.color.is_none() && self.brightness.is_none() && self.on.is_none()
    }

    /// Adds a `newer` request, which takes precedence.
    pub fn extend(&mut self, newer: &Self) {
        if newer.is_empty() {
            return;
        }
        self.client.clone_from(&newer.client);
        self.color = newer.color.or(self.color);
        self.brightness = newer.brightness.or(self.brightness);
        self.on = newer.on.or(self.on);
    }

    /// Whether `state` has the requested values and the requesting client. Other fields do not matter.
    #[must_use]
    pub fn is_met_by(&self, state: &LampState) -> bool {
        let mut after = state.clone();
        self.clone().apply_to(&mut after);
        after.to_json() == state.to_json()
    }

    /// Applies the request.
    pub fn apply_to(self, state: &mut LampState) {
        state.client = self.client;
        if let Some(color) = self.color {
            state.color = color.rounded();
        }
        if let Some(brightness) = self.brightness {
            state.brightness = rounded(brightness);
        }
        if let Some(on) = self.on {
            state.on = on;
        }
    }
}
