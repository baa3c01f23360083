// SPDX-License-Identifier: GPL-3.0-or-later
//! Requests for a change.

use crate::color::Color;
use crate::rounding::rounded;
use crate::state::LampState;

/// A request that was checked as a whole: what is absent stays as it is.
#[derive(Debug, Clone, PartialEq)]
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
