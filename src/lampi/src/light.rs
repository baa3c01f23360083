// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi set` and `lampi get`: the light, by way of the broker.

use std::path::Path;
use std::time::Duration;

use lamp::state::{Color, LampState};

use crate::broker::Visit;
use crate::cli::{GetOrder, SetOrder};
use crate::leds::{self, Driver};
use crate::output;
use crate::peers::Peer;

/// How long the broker and `lamp_service` may take: they answer within milliseconds, but may just be starting.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes the change, and returns when the lamp has it.
pub fn set(order: &SetOrder) -> anyhow::Result<()> {
    let broker = Peer::Broker.address(order.broker.as_ref(), Path::new("/"))?;
    let mut visit = Visit::begin(&broker, PATIENCE)?;
    let state = visit.state()?;
    visit.change(&changed(order, state))?;
    visit.end();
    // Another broker is that of another lamp.
    if order.broker.is_none() {
        warn_of_darkness();
    }
    Ok(())
}

/// The lamp has taken the change, but nobody may see it.
fn warn_of_darkness() {
    let root = Path::new("/");
    // A setting that nobody can read was complained of when the broker was looked for.
    let Ok(address) = Peer::Pigpiod.address(None, root) else { return };
    let reason = match leds::are_driven(&address, PATIENCE) {
        Ok(true) => return,
        Ok(false) => format!("the LEDs stay dark: {}", Driver::darkness(root)),
        Err(error) => format!("the LEDs stay as they are: {error}"),
    };
    eprintln!("lampi: warning: the lamp has the new light, but {reason}");
}

/// Prints the state.
pub fn get(order: &GetOrder) -> anyhow::Result<()> {
    let broker = Peer::Broker.address(order.broker.as_ref(), Path::new("/"))?;
    let mut visit = Visit::begin(&broker, PATIENCE)?;
    let state = visit.state()?;
    visit.end();
    if order.json {
        return output::line(&state.to_json());
    }
    let LampState { color: Color { hue, saturation }, brightness, on, .. } = state;
    output::line(&format!("Hue: {hue:?} Saturation: {saturation:?} Brightness: {brightness:?} On: {on}"))
}

fn changed(order: &SetOrder, state: LampState) -> LampState {
    let [hue, saturation] = match order.color {
        Some(color) => color,
        None => [order.hue.unwrap_or(state.color.hue), order.saturation.unwrap_or(state.color.saturation)],
    };
    LampState {
        color: Color { hue, saturation },
        brightness: order.brightness.unwrap_or(state.brightness),
        on: if order.lit || order.dark { order.lit } else { state.on },
        client: state.client,
    }
}
