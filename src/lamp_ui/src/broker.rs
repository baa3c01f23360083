// SPDX-License-Identifier: GPL-3.0-or-later
//! The broker's address and credentials. The settings file of `lamp_service` provides those that the command
//! line and the environment do not, so that each is set once.

use mqtt_client::Login;
use programs::lamp_service;
use programs::lamp_service::settings::{Called, Peer};
use programs::lamp_ui::Cli;
use programs::login::LoginArgs;
use runtime::address::Address;

/// The broker's address. `lamp_service` reports errors of its settings file; the screen then uses the default
/// broker.
pub(crate) fn address(cli: &Cli) -> Address {
    if let Some(address) = &cli.broker {
        return address.clone();
    }
    let set =
        Called::usual().map_err(|error| error.to_string()).and_then(|called| called.address(Peer::Broker));
    set.unwrap_or_else(|error| {
        let usual = lamp_service::broker();
        log::warn!("using the default MQTT broker {usual}: {error}");
        usual
    })
}

/// The current credentials for the broker at `address`.
pub(crate) fn login(args: &LoginArgs, address: &Address) -> Result<Option<Login>, String> {
    let user = match args.user(|name| std::env::var(name).ok())? {
        Some(user) => Some(user),
        None => Called::usual().map_err(|error| error.to_string())?.user_at(address)?,
    };
    user.map(|user| user.login()).transpose().map_err(|error| error.to_string())
}
