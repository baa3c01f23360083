// SPDX-License-Identifier: GPL-3.0-or-later
//! Which broker the screen connects to, and as whom: what the call and the environment leave open is what the settings file of
//! `lamp_service` says, so that an owner says it once.

use mqtt_client::Login;
use programs::lamp_service;
use programs::lamp_service::settings::{Called, Peer};
use programs::lamp_ui::Cli;
use programs::login::LoginArgs;
use runtime::address::Address;

/// Where the broker is. A settings file that is wrong is `lamp_service`'s business; the screen then takes the usual broker.
pub(crate) fn address(cli: &Cli) -> Address {
    if let Some(address) = &cli.broker {
        return address.clone();
    }
    let set =
        Called::usual().map_err(|error| error.to_string()).and_then(|called| called.address(Peer::Broker));
    set.unwrap_or_else(|error| {
        let usual = lamp_service::broker();
        log::warn!("takes {usual} for the MQTT broker: {error}");
        usual
    })
}

/// As whom to connect to the broker at `address`, as the settings are now.
pub(crate) fn login(args: &LoginArgs, address: &Address) -> Result<Option<Login>, String> {
    let user = match args.user(|name| std::env::var(name).ok())? {
        Some(user) => Some(user),
        None => Called::usual().map_err(|error| error.to_string())?.user_at(address)?,
    };
    user.map(|user| user.login()).transpose().map_err(|error| error.to_string())
}
