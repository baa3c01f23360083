// SPDX-License-Identifier: GPL-3.0-or-later
//! Where the lamp's broker and its pigpiod are: as `lamp_service` is told, so that the owner says it once.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use runtime::address::Address;
use supervisor_conf::Host;

/// `lamp_service`'s settings.
const SETTINGS: &str = "/etc/lampi/lamp_service.conf";

/// How `lamp_service` is called. Only root can read it.
const CONF: &str = "/etc/supervisor/conf.d/lamp_service.conf";

/// A peer of `lamp_service`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    Broker,
    Pigpiod,
}

impl Peer {
    /// Its option and setting of `lamp_service`.
    fn name(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Pigpiod => "pigpiod",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Broker => 1883,
            Self::Pigpiod => 8888,
        }
    }

    /// Where it is for the lamp whose files are below `root`, unless `given`.
    pub fn address(self, given: Option<&Address>, root: &Path) -> anyhow::Result<Address> {
        if let Some(address) = given {
            return Ok(address.clone());
        }
        // What is given in its call counts more for lamp_service, too.
        let said = match self.in_conf(root) {
            Some(address) => Some((CONF, address)),
            None => self.in_settings(root)?.map(|address| (SETTINGS, address)),
        };
        match said {
            None => Ok(Address { host: "localhost".into(), port: self.default_port() }),
            Some((file, text)) => text
                .parse()
                .map_err(|error| anyhow!("{file}: {} is '{}': {error}", self.name(), text.escape_debug())),
        }
    }

    fn in_settings(self, root: &Path) -> anyhow::Result<Option<String>> {
        let text = match std::fs::read_to_string(system_files::under(root, SETTINGS)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {SETTINGS}")),
        };
        let values = text.lines().filter_map(|line| line.trim().split_once('='));
        Ok(values
            .map(|(name, value)| (name.trim(), value.trim()))
            .find(|(name, _)| *name == self.name())
            .map(|(_, value)| value.to_owned()))
    }

    fn in_conf(self, root: &Path) -> Option<String> {
        let report =
            supervisor_conf::check(&[system_files::under(root, CONF)] as &[PathBuf], &Host::new(root))
                .ok()?;
        let words = report.programs.into_iter().find(|program| program.name == "lamp_service")?.command;
        let option = format!("--{}", self.name());
        // The last one counts.
        words.iter().enumerate().rev().find_map(|(place, word)| match word.strip_prefix(&option)? {
            "" => words.get(place + 1).cloned(),
            rest => rest.strip_prefix('=').map(ToOwned::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lamp_services_files_say_where_its_peers_are() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let address = |peer: Peer| peer.address(None, root).unwrap().to_string();
        assert_eq!(
            (address(Peer::Broker), address(Peer::Pigpiod)),
            ("localhost:1883".into(), "localhost:8888".into())
        );

        fs::create_dir_all(root.join("etc/lampi")).unwrap();
        fs::create_dir_all(root.join("etc/supervisor/conf.d")).unwrap();
        fs::write(root.join("etc/lampi/lamp_service.conf"), "# x\n broker = b:1\npigpiod=[::1]:2\n").unwrap();
        assert_eq!((address(Peer::Broker), address(Peer::Pigpiod)), ("b:1".into(), "[::1]:2".into()));

        let conf = |arguments: &str| {
            let text = format!("[program:lamp_service]\ncommand=/usr/bin/lamp_service {arguments}\n");
            fs::write(root.join("etc/supervisor/conf.d/lamp_service.conf"), text).unwrap();
        };
        conf("--broker c:3 --transition 1 --broker=d:4");
        assert_eq!((address(Peer::Broker), address(Peer::Pigpiod)), ("d:4".into(), "[::1]:2".into()));
        assert_eq!(Peer::Broker.address(Some(&"e:5".parse().unwrap()), root).unwrap().to_string(), "e:5");

        conf("--broker d");
        let error = Peer::Broker.address(None, root).unwrap_err().to_string();
        assert_eq!(
            error,
            "/etc/supervisor/conf.d/lamp_service.conf: broker is 'd': it must be a host, a colon and a port"
        );
    }
}
