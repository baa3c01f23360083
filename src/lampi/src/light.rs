// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi set` and `lampi get`: the light, by way of the broker.

use std::path::Path;
use std::time::Duration;

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

/// How long the broker and `lamp_service` may take: they answer within milliseconds, but may just be starting.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes the change, and returns when the lamp has it.
pub(crate) fn set(args: &SetArgs) -> anyhow::Result<()> {
    let mut client = connect(args.broker.as_ref(), &args.login)?;
    client.change(wanted(args))?;
    client.disconnect();
    // Another broker is that of another lamp.
    if args.broker.is_none() {
        warn_of_darkness();
    }
    Ok(())
}

fn connect(broker: Option<&Address>, login: &LoginArgs) -> anyhow::Result<BrokerClient> {
    let root = Path::new("/");
    let broker = installed::address(Peer::Broker, broker, root)?;
    let login = installed::login(&broker, login, |name| std::env::var(name).ok(), root)?;
    BrokerClient::connect(&broker, login.as_ref(), PATIENCE)
}

/// The lamp has taken the change, but nobody may see it.
fn warn_of_darkness() {
    let root = Path::new("/");
    // A setting that nobody can read was complained of when the broker was looked for.
    let Ok(address) = installed::address(Peer::Pigpiod, None, root) else { return };
    let reason = match leds::are_driven(&address, PATIENCE) {
        Ok(true) => return,
        Ok(false) => format!("the LEDs stay dark: {}", Driver::darkness(root)),
        Err(error) => format!("the LEDs stay as they are: {error}"),
    };
    eprintln!("lampi: warning: the lamp has the new light, but {reason}");
}

/// Prints the state.
pub(crate) fn get(args: &GetArgs) -> anyhow::Result<()> {
    let state = state(args)?;
    if args.json {
        return Ok(output::line(&state.to_json())?);
    }
    Ok(output::line(&words(&state, &state.on.to_string()))?)
}

/// The state.
pub(crate) fn state(args: &GetArgs) -> anyhow::Result<LampState> {
    let mut client = connect(args.broker.as_ref(), &args.login)?;
    let state = client.state()?;
    client.disconnect();
    Ok(state)
}

/// The state as people read it, with their word for whether it is lit.
pub(crate) fn words(state: &LampState, on: &str) -> String {
    let LampState { color: Color { hue, saturation }, brightness, .. } = state;
    format!("Hue: {hue:?} Saturation: {saturation:?} Brightness: {brightness:?} On: {on}")
}

/// The fields that are named, and no others: what somebody else sets at the same moment stays.
fn wanted(args: &SetArgs) -> Change {
    let (hue, saturation) = match args.color {
        Some([hue, saturation]) => (Some(hue), Some(saturation)),
        None => (args.hue, args.saturation),
    };
    let on = (args.lit || args.dark).then_some(args.lit);
    Change { hue, saturation, brightness: args.brightness, on }
}
