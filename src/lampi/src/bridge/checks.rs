// SPDX-License-Identifier: GPL-3.0-or-later
//! What would keep mosquitto from starting, or from connecting, found before anything is changed.

use std::fs;
use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use nix::unistd::geteuid;
use runtime::address;
use system_files::accounts;

use super::conf::{Authorities, SYSTEM_AUTHORITIES, Tls};

/// The user that mosquitto runs as, and the name of his group.
const MOSQUITTO: &str = "mosquitto";

/// mosquitto's own file.
const CONFIGURATION: &str = "/etc/mosquitto/mosquitto.conf";

/// How long the other broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a key begins that mosquitto would ask for a password for, which nobody is there to type.
const LOCKED: [&str; 2] = ["-----BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED"];

/// The id of the group of mosquitto's user, on the lamp whose files are below `root`.
pub(super) fn group(root: &Path) -> anyhow::Result<u32> {
    let file = system_files::in_root(root, "/etc/group");
    let groups = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let group = accounts::group(&groups).find(|group| group.name == MOSQUITTO).map(|group| group.gid);
    group.context("mosquitto is not installed; install it with: sudo apt install mosquitto")
}

/// Whether mosquitto reads `file` at all.
pub(super) fn read_by_mosquitto(root: &Path, file: &Path) -> anyhow::Result<()> {
    let main = system_files::in_root(root, CONFIGURATION);
    let text = fs::read_to_string(&main).with_context(|| format!("cannot read {}", main.display()))?;
    let folder = file.parent().unwrap_or(root);
    let folder = Path::new("/").join(folder.strip_prefix(root).unwrap_or(folder));
    let reads = |line: &str| {
        line.split_once(char::is_whitespace)
            .is_some_and(|(key, value)| key == "include_dir" && Path::new(value.trim()) == folder)
    };
    if !text.lines().any(reads) {
        bail!(
            "mosquitto would not read it; put this line into {}: include_dir {}",
            main.display(),
            folder.display()
        );
    }
    Ok(())
}

/// Whether no other file has a connection of this name, with which mosquitto would not start.
pub(super) fn name_is_free(root: &Path, file: &Path, name: &str) -> anyhow::Result<()> {
    let folder = file.parent().unwrap_or(root);
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let included = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf") && path != file);
    for path in included.chain([system_files::in_root(root, CONFIGURATION)]) {
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = String::from_utf8_lossy(&text);
        let mut connections = text.lines().filter_map(|line| line.strip_prefix("connection")).map(str::trim);
        if connections.any(|connection| connection == name) {
            bail!(
                "{} has a connection {name} already; remove it there, or choose another --device-id",
                path.display()
            );
        }
    }
    Ok(())
}

/// Whether certificates and key are what they should be, and mosquitto can read them.
pub(super) fn tls_files(root: &Path, tls: &Tls) -> anyhow::Result<()> {
    match &tls.authorities {
        Authorities::File(file) => pem(root, "--cafile", file, "CERTIFICATE")?,
        Authorities::System => {
            let folder = system_files::in_root(root, SYSTEM_AUTHORITIES);
            if fs::read_dir(&folder).map_or(0, Iterator::count) == 0 {
                bail!(
                    "no authority is trusted in {}; name one with --cafile, or: sudo apt install ca-certificates",
                    folder.display()
                );
            }
        }
    }
    if let Some((certificate, key)) = &tls.own {
        pem(root, "--certfile", certificate, "CERTIFICATE")?;
        pem(root, "--keyfile", key, "PRIVATE KEY")?;
    }
    Ok(())
}

/// Looks into a file that has to hold `what` in PEM (RFC 7468).
fn pem(root: &Path, option: &str, file: &str, what: &str) -> anyhow::Result<()> {
    let path = system_files::in_root(root, file);
    let content = fs::read(&path).with_context(|| format!("{option}: cannot read {}", path.display()))?;
    let text = String::from_utf8_lossy(&content);
    let begins =
        |line: &str| line.starts_with("-----BEGIN ") && line.trim_end().ends_with(&format!("{what}-----"));
    if !text.lines().any(begins) {
        bail!("{option}: {} holds no {} in PEM", path.display(), what.to_lowercase());
    }
    if what == "PRIVATE KEY" && LOCKED.iter().any(|sign| text.contains(sign)) {
        bail!("{option}: {} is locked by a password, which mosquitto cannot be told", path.display());
    }
    if root == Path::new("/") && geteuid().is_root() && !readable(file)? {
        bail!(
            "{option}: mosquitto runs as the user {MOSQUITTO}, who cannot read {file}; say: \
             sudo chgrp {MOSQUITTO} {file} && sudo chmod 640 {file}, or put it where he can get to"
        );
    }
    Ok(())
}

/// Whether mosquitto's user can read a file, as the kernel sees it: with folders, groups and access lists.
fn readable(file: &str) -> anyhow::Result<bool> {
    let status = Command::new("runuser")
        .args(["-u", MOSQUITTO, "--", "test", "-r", file])
        .status()
        .context("cannot run runuser of the package util-linux")?;
    Ok(status.success())
}

/// Whether somebody listens there.
pub(super) fn answers(host: &str, port: u16) -> io::Result<()> {
    let mut reason = io::ErrorKind::NotFound.into();
    for address in address::resolve(host, port)? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => return Ok(()),
            Err(error) => reason = error,
        }
    }
    Err(reason)
}
