// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line, from which the help and the man page are made too.

#![allow(clippy::doc_markdown, reason = "people see these comments as they are, in a terminal")]

use std::path::PathBuf;

use program::address::{self, Address};

/// Drive the LEDs of a LAMPI lamp as MQTT messages ask for.
///
/// lamp_service takes requests from the topic lamp/set_config, sets the red, green and blue LED on GPIO 19, 26 and 13
/// through pigpiod, and tells the state of the lamp on lamp/changed. A request with any invalid value changes nothing.
///
/// The last state is kept in a file and shown again at the next start, before the broker is needed. A broker, a pigpiod
/// or a folder for the file that is not there, or goes away, is waited for. SIGTERM and SIGINT end lamp_service; the
/// LEDs keep their colour.
///
/// The exit status is 0 when it was ended so, 1 when it could not start, and 2 when the call was wrong.
#[derive(Debug, clap::Parser)]
#[command(name = "lamp_service", version)]
pub struct Cli {
    /// MQTT broker to connect to.
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:1883")]
    pub broker: Address,

    /// GPIO daemon to connect to.
    ///
    /// Without this option, the environment variables PIGPIO_ADDR and PIGPIO_PORT are looked at, as by every client of
    /// pigpiod; what they leave open is localhost and 8888. For localhost, every loopback address is tried.
    #[arg(long, value_name = "HOST:PORT")]
    pub pigpiod: Option<Address>,

    /// File that keeps the state of the lamp.
    #[arg(long, value_name = "FILE", default_value = "/var/lib/lampi/state.json")]
    pub state: PathBuf,
}

impl Cli {
    /// Where pigpiod is: as the option says, else as the variables PIGPIO_ADDR and PIGPIO_PORT say.
    pub fn pigpiod(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Address, String> {
        if let Some(address) = &self.pigpiod {
            return Ok(address.clone());
        }
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let host = set("PIGPIO_ADDR").unwrap_or_else(|| "localhost".into());
        let port = match set("PIGPIO_PORT") {
            None => 8888,
            Some(port) => address::port(&port)
                .map_err(|error| format!("the environment variable PIGPIO_PORT is {port:?}: {error}"))?,
        };
        Ok(Address { host, port })
    }
}
