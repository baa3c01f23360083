// SPDX-License-Identifier: GPL-3.0-or-later
//! Requests for a change.

use crate::color::Color;
use crate::rounding::rounded;
use crate::state::LampState;

/// A request that was checked as a whole: what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SetConfig {
    /// Who asks. Echoed in `lamp/changed`, so that the asker knows its own change.
    pub client: String,
    /// The new colour.
    pub color: Option<Color>,
    /// The new brightness, 0 to 1.
    pub brightness: Option<f64>,
    /// Lit or dark.
    pub on: Option<bool>,
}

impl SetConfig {
    /// A request for the whole of a state.
    #[must_use]
    pub fn whole(state: &LampState) -> Self {
        let LampState { color, brightness, on, client } = state.clone();
        Self { client, color: Some(color), brightness: Some(brightness), on: Some(on) }
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.color.is_none() && self.brightness.is_none() && self.on.is_none()
    }

    /// Asks for what a `newer` request asks for, too, and as that does where both ask for the same.
    pub fn extend(&mut self, newer: &Self) {
        if newer.is_empty() {
            return;
        }
        self.client.clone_from(&newer.client);
        self.color = newer.color.or(self.color);
        self.brightness = newer.brightness.or(self.brightness);
        self.on = newer.on.or(self.on);
    }

    /// Whether `state` is as asked for, and by whom. What was not asked for may be anything.
    #[must_use]
    pub fn is_met_by(&self, state: &LampState) -> bool {
        let mut after = state.clone();
        self.clone().apply_to(&mut after);
        after.to_json() == state.to_json()
    }

    /// Makes the change.
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
