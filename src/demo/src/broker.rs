// SPDX-License-Identifier: GPL-3.0-or-later
//! The demonstration's MQTT broker: the machine's mosquitto with its own configuration.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::children::Children;
use crate::die_with_parent;

/// Where Debian installs it. Only root has these on PATH.
const FURTHER: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

/// Finds mosquitto on PATH or in the directories of daemons.
pub(crate) fn find(path: Option<&OsStr>) -> anyhow::Result<PathBuf> {
    find_in(std::env::split_paths(path.unwrap_or_default()).chain(FURTHER.map(PathBuf::from)))
}

fn find_in(mut directories: impl Iterator<Item = PathBuf>) -> anyhow::Result<PathBuf> {
    directories
        .find_map(|directory| Some(directory.join("mosquitto")).filter(|path| path.is_file()))
        .context("cannot find mosquitto, the MQTT broker; run: sudo apt install mosquitto mosquitto-clients")
}

/// Starts it on `port` or a free one and returns the port, where it may not listen yet.
pub(crate) fn start(
    mosquitto: &Path,
    port: Option<u16>,
    directory: &Path,
    children: &mut Children,
) -> anyhow::Result<u16> {
    // Bound first, to detect another broker on the port. It is released at once and most likely stays free.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0)))
        .and_then(|listener| listener.local_addr())
        .with_context(|| match port {
            Some(port) => format!("cannot use port {port} for the MQTT broker; choose another with --port"),
            None => "cannot find a free port for the MQTT broker".into(),
        })?
        .port();
    let configuration = directory.join("mosquitto.conf");
    // The kernel clears the parent-death signal when a process changes its user. So if root starts it, it
    // stays root.
    let lines = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nlog_dest stderr\nuser root\n"
    );
    std::fs::write(&configuration, lines)
        .with_context(|| format!("cannot write {}", configuration.display()))?;
    let mut command = die_with_parent::command(mosquitto);
    command.arg("-c").arg(&configuration);
    children.start("mosquitto", command)?;
    Ok(port)
}

/// Whether a process listens on the port.
pub(crate) fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_mosquitto_or_names_the_command_that_installs_it() {
        let directory = tempfile::tempdir().unwrap();
        let there = || std::iter::once(directory.path().to_owned());
        let error = find_in(there()).unwrap_err().to_string();
        assert!(error.ends_with("sudo apt install mosquitto mosquitto-clients"), "{error}");
        // A directory of that name is not a program.
        std::fs::create_dir(directory.path().join("mosquitto")).unwrap();
        assert!(find_in(there()).is_err());
        std::fs::remove_dir(directory.path().join("mosquitto")).unwrap();
        std::fs::write(directory.path().join("mosquitto"), "").unwrap();
        assert_eq!(find(Some(directory.path().as_os_str())).unwrap(), directory.path().join("mosquitto"));
    }
}
