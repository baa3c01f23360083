// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line, from which the help and the man page are made too.

#![allow(clippy::doc_markdown, reason = "people see these comments as they are, in a terminal")]

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

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

/// A host, by name or address, and a TCP port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name or address; an IPv6 address without its brackets.
    pub host: String,
    /// Port, not 0.
    pub port: u16,
}

impl Address {
    /// The host as it is written before a colon and a port.
    pub fn bracketed_host(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = text.rsplit_once(':').ok_or("it must be a host, a colon and a port")?;
        let bare = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(bare) => bare,
            None if host.contains(':') => return Err("an IPv6 address is written as [::1]:8888".into()),
            None => host,
        };
        if bare.is_empty() {
            return Err("the host is missing".into());
        }
        Ok(Self { host: bare.into(), port: parse_port(port)? })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.bracketed_host(), self.port)
    }
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
            Some(port) => parse_port(&port)
                .map_err(|error| format!("the environment variable PIGPIO_PORT is {port:?}: {error}"))?,
        };
        Ok(Address { host, port })
    }
}

fn parse_port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port != 0).ok_or_else(|| "the port must be from 1 to 65535".into())
}
