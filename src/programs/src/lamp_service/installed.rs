// SPDX-License-Identifier: GPL-3.0-or-later
//! `lamp_service` as it is installed on a machine: how Supervisor calls it, and so where the lamp's broker and pigpiod are.

use std::path::{Path, PathBuf};

use runtime::address::Address;
use std::fmt;
use supervisor_conf::Host;

use super::settings::{Called, Peer, Unreadable};
use crate::paths;

/// Why it is not known where a peer is.
#[derive(Debug)]
pub enum Unknown {
    /// The settings file cannot be read.
    File(Unreadable),
    /// A setting is no address; the sentence names it.
    Setting(String),
}

impl From<Unreadable> for Unknown {
    fn from(error: Unreadable) -> Self {
        Self::File(error)
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(formatter),
            Self::Setting(sentence) => formatter.write_str(sentence),
        }
    }
}

impl std::error::Error for Unknown {}

/// Where a peer is for the lamp whose files are below `root`, unless it is `given`.
pub fn address(peer: Peer, given: Option<&Address>, root: &Path) -> Result<Address, Unknown> {
    match given {
        Some(address) => Ok(address.clone()),
        None => called(root)?.address(peer).map_err(Unknown::Setting),
    }
}

/// `lamp_service` as it is called on the lamp below `root`. Only root can read how; for others its usual settings file counts.
pub fn called(root: &Path) -> Result<Called, Unreadable> {
    let conf = system_files::in_root(root, paths::conf("lamp_service"));
    let report = supervisor_conf::check(&[conf] as &[PathBuf], &Host::new(root)).ok();
    let program =
        report.and_then(|report| report.programs.into_iter().find(|program| program.name == "lamp_service"));
    let (command, environment) =
        program.map(|program| (program.command, program.environment)).unwrap_or_default();
    let read = |file: &Path| std::fs::read_to_string(system_files::in_root(root, file));
    Called::new(command, environment, read)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lamp_services_files_say_where_its_peers_are() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let found = |peer| address(peer, None, root).unwrap().to_string();
        assert_eq!(found(Peer::Broker), "localhost:1883");

        fs::create_dir_all(root.join("etc/lampi")).unwrap();
        fs::create_dir_all(root.join("etc/supervisor/conf.d")).unwrap();
        fs::write(root.join("etc/lampi/lamp_service.conf"), "broker = b:1\npigpiod=[::1]:2\n").unwrap();
        assert_eq!((found(Peer::Broker), found(Peer::Pigpiod)), ("b:1".into(), "[::1]:2".into()));

        let conf = |lines: &str| {
            let text = format!("[program:lamp_service]\n{lines}\n");
            fs::write(root.join("etc/supervisor/conf.d/lamp_service.conf"), text).unwrap();
        };
        conf("command=/usr/bin/lamp_service --broker=d:4");
        assert_eq!((found(Peer::Broker), found(Peer::Pigpiod)), ("d:4".into(), "[::1]:2".into()));
        assert_eq!(address(Peer::Broker, Some(&"e:5".parse().unwrap()), root).unwrap().to_string(), "e:5");

        fs::write(root.join("etc/lampi/other.conf"), "broker = o:6\n").unwrap();
        conf("command=/usr/bin/lamp_service --settings /etc/lampi/other.conf\nenvironment=PIGPIO_ADDR=\"p\"");
        assert_eq!((found(Peer::Broker), found(Peer::Pigpiod)), ("o:6".into(), "p:8888".into()));
    }
}
