// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi set` and `lampi get`: set and show the light, through the broker.

use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;
use lamp::color::Color;
use lamp::state::LampState;
use runtime::address::Address;
use runtime::output;

use crate::broker::{BrokerClient, Change};
use hardware::leds::{self, Driver};
use programs::lamp_service::installed;
use programs::lamp_service::settings::Peer;
use programs::lampi::{GetArgs, SetArgs};
use programs::login::LoginArgs;

/// Time limit of the broker and `lamp_service`. They respond within milliseconds, unless they are just
/// starting.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sets the light, and returns when the change is confirmed.
pub(crate) fn set(args: &SetArgs) -> anyhow::Result<()> {
    let mut client = connect(args.broker.as_ref(), &args.login)?;
    client.change(wanted(args))?;
    client.disconnect();
    // A given broker may be that of another lamp.
    if args.broker.is_none() {
        warn_if_dark();
    }
    Ok(())
}

fn connect(broker: Option<&Address>, login: &LoginArgs) -> anyhow::Result<BrokerClient> {
    let root = Path::new("/");
    let address = installed::address(Peer::Broker, broker, root)?;
    let login = installed::login(&address, login, |name| std::env::var(name).ok(), root)?;
    let client = BrokerClient::connect(&address, login.as_ref(), PATIENCE);
    match broker {
        Some(_) => client,
        // The doctor checks only the lamp's own broker.
        None => client.map_err(|error| anyhow!("{error:#}; run: sudo lampi doctor")),
    }
}

/// Warns if the LEDs do not show the change.
fn warn_if_dark() {
    let root = Path::new("/");
    // connect() has reported invalid settings already.
    let Ok(address) = installed::address(Peer::Pigpiod, None, root) else { return };
    let reason = match leds::are_driven(&address, PATIENCE) {
        Ok(true) => return,
        Ok(false) => format!("the LEDs stay dark: {}", Driver::darkness(root)),
        Err(error) => format!("the LEDs do not change: {error}"),
    };
    eprintln!("lampi: warning: the lamp's state has changed, but {reason}");
}

/// Prints the state.
pub(crate) fn get(args: &GetArgs) -> anyhow::Result<()> {
    let state = state(args)?;
    if args.json {
        return Ok(output::line(&state.to_json())?);
    }
    Ok(output::line(&text(&state, &state.on.to_string()))?)
}

/// The lamp's state.
pub(crate) fn state(args: &GetArgs) -> anyhow::Result<LampState> {
    let mut client = connect(args.broker.as_ref(), &args.login)?;
    let state = client.state()?;
    client.disconnect();
    Ok(state)
}

/// The state as text. `on` is the value of On.
pub(crate) fn text(state: &LampState, on: &str) -> String {
    let LampState { color: Color { hue, saturation }, brightness, .. } = state;
    format!("Hue: {hue:?} Saturation: {saturation:?} Brightness: {brightness:?} On: {on}")
}

/// Only the given fields, so that the request does not overwrite another client's change of the others.
fn wanted(args: &SetArgs) -> Change {
    let (hue, saturation) = match args.color {
        Some([hue, saturation]) => (Some(hue), Some(saturation)),
        None => (args.hue, args.saturation),
    };
    let on = (args.lit || args.dark).then_some(args.lit);
    Change { hue, saturation, brightness: args.brightness, on }
}
