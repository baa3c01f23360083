// SPDX-License-Identifier: GPL-3.0-or-later
//! The address of a peer, as given on the command line, and the look-up of its IP addresses.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// A host, by name or address, and a TCP port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name or IP address; an IPv6 address without brackets.
    pub host: String,
    /// Port, 1 to 65535.
    pub port: u16,
}

impl Address {
    /// The host as written before `:PORT`: an IPv6 address in brackets.
    #[must_use]
    pub fn bracketed_host(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = text.rsplit_once(':').ok_or("it must be HOST:PORT")?;
        let bare = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(bare) => bare,
            None if host.contains(':') => {
                return Err("an IPv6 address needs brackets, as in [::1]:8888".into());
            }
            None => host,
        };
        if bare.is_empty() {
            return Err("the host is missing".into());
        }
        Ok(Self { host: bare.into(), port: self::port(port)? })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.bracketed_host(), self.port)
    }
}

/// All addresses of `host`, a name or an IP address. The look-up of a name can take long.
pub fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match known(host, port) {
        Some(addresses) => Ok(addresses),
        None => Ok((host, port).to_socket_addrs()?.collect()),
    }
}

/// The addresses of a host that needs no look-up: an IP address, or a loopback name.
///
/// `localhost` and names that end in `.localhost` mean both loopback addresses (RFC 6761, section 6.3).
/// /etc/hosts is not read: it may lack one of the two addresses, and a daemon may listen on that one only.
#[must_use]
pub fn known(host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(vec![(address, port).into()]);
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    (name == "localhost" || name.ends_with(".localhost"))
        .then(|| vec![(Ipv6Addr::LOCALHOST, port).into(), (Ipv4Addr::LOCALHOST, port).into()])
}

/// Parses a port, 1 to 65535.
pub fn port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port != 0).ok_or_else(|| "the port must be from 1 to 65535".into())
}

#[cfg(test)]
mod tests {
    use super::{Address, known, resolve};

    #[test]
    fn parses_host_and_port() {
        for (text, host) in
            [("localhost:1883", "localhost"), ("[::1]:1883", "::1"), ("10.0.0.1:1883", "10.0.0.1")]
        {
            let address: Address = text.parse().unwrap();
            assert_eq!(address, Address { host: host.into(), port: 1883 });
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn rejects_an_invalid_address() {
        for text in
            ["", "localhost", ":1883", "[]:1883", "::1:1883", "localhost:0", "localhost:65536", "localhost:x"]
        {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn localhost_is_both_loopback_addresses() {
        for host in ["localhost", "LocalHost", "localhost.", "lamp.localhost"] {
            let addresses = known(host, 8888).unwrap();
            assert_eq!(addresses, ["[::1]:8888".parse().unwrap(), "127.0.0.1:8888".parse().unwrap()]);
        }
    }

    #[test]
    fn looks_up_names_only() {
        assert_eq!(resolve("127.0.0.1", 1).unwrap(), ["127.0.0.1:1".parse().unwrap()]);
        assert_eq!(resolve("::1", 1).unwrap(), ["[::1]:1".parse().unwrap()]);
        for host in ["notlocalhost", "localhost.example", "localhost.."] {
            assert_eq!(known(host, 1), None, "{host}");
        }
        assert!(resolve("no-such-host.invalid", 1).is_err());
    }
}
