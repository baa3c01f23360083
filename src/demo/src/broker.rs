// SPDX-License-Identifier: GPL-3.0-or-later
//! The MQTT broker of a demonstration: the machine's mosquitto, with a configuration of its own.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::children::Children;
use crate::die_with_parent;

/// Where Debian puts it, which is on the PATH of root only.
const FURTHER: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

/// Finds mosquitto on a PATH or where daemons are.
pub(crate) fn find(path: Option<&OsStr>) -> anyhow::Result<PathBuf> {
    find_in(std::env::split_paths(path.unwrap_or_default()).chain(FURTHER.map(PathBuf::from)))
}

fn find_in(mut directories: impl Iterator<Item = PathBuf>) -> anyhow::Result<PathBuf> {
    directories
        .find_map(|directory| Some(directory.join("mosquitto")).filter(|path| path.is_file()))
        .context("mosquitto, the MQTT broker, is missing; install it with: sudo apt install mosquitto mosquitto-clients")
}

/// Starts it on `port`, or else on a free one, and returns the port, on which it may not listen yet.
pub(crate) fn start(
    mosquitto: &Path,
    port: Option<u16>,
    directory: &Path,
    children: &mut Children,
) -> anyhow::Result<u16> {
    // Tried before, as another broker there would be taken for ours. It is free again at once, and most likely in a moment.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0)))
        .and_then(|listener| listener.local_addr())
        .with_context(|| match port {
            Some(port) => format!("cannot use port {port} for the broker, choose another one with --port"),
            None => "there is no free port for the broker".into(),
        })?
        .port();
    let configuration = directory.join("mosquitto.conf");
    // The kernel forgets the end with the parent when a process changes its user. So if root starts it, it stays root.
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

/// Whether somebody listens on the port.
pub(crate) fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mosquitto_is_found_on_the_path_or_missed_with_the_command_that_installs_it() {
        let directory = tempfile::tempdir().unwrap();
        let there = || std::iter::once(directory.path().to_owned());
        let error = find_in(there()).unwrap_err().to_string();
        assert!(error.ends_with("sudo apt install mosquitto mosquitto-clients"), "{error}");
        // A directory of that name is none.
        std::fs::create_dir(directory.path().join("mosquitto")).unwrap();
        assert!(find_in(there()).is_err());
        std::fs::remove_dir(directory.path().join("mosquitto")).unwrap();
        std::fs::write(directory.path().join("mosquitto"), "").unwrap();
        assert_eq!(find(Some(directory.path().as_os_str())).unwrap(), directory.path().join("mosquitto"));
    }
}
