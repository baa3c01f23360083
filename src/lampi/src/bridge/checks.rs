// SPDX-License-Identifier: GPL-3.0-or-later
//! Checks for what would keep mosquitto from starting or connecting, before anything is changed.

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

/// Name of mosquitto's user and of its group.
const MOSQUITTO: &str = "mosquitto";

/// mosquitto's main file.
const CONFIGURATION: &str = "/etc/mosquitto/mosquitto.conf";

/// Time limit of a connection to the other broker.
const PATIENCE: Duration = Duration::from_secs(5);

/// Marks of a key that is encrypted with a password: mosquitto would prompt for it and not start.
const ENCRYPTED: [&str; 2] = ["-----BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED"];

/// Group ID of mosquitto's user, on the lamp whose files are below `root`.
pub(super) fn group(root: &Path) -> anyhow::Result<u32> {
    let file = system_files::in_root(root, "/etc/group");
    let groups = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let group = accounts::group(&groups).find(|group| group.name == MOSQUITTO).map(|group| group.gid);
    group.context("mosquitto is not installed; run: sudo apt install mosquitto")
}

/// Checks that mosquitto includes the directory of `file`.
pub(super) fn read_by_mosquitto(root: &Path, file: &Path) -> anyhow::Result<()> {
    let main = system_files::in_root(root, CONFIGURATION);
    let text = fs::read_to_string(&main).with_context(|| format!("cannot read {}", main.display()))?;
    let directory = file.parent().unwrap_or(root);
    let directory = Path::new("/").join(directory.strip_prefix(root).unwrap_or(directory));
    let reads = |line: &str| {
        line.split_once(char::is_whitespace)
            .is_some_and(|(key, value)| key == "include_dir" && Path::new(value.trim()) == directory)
    };
    if !text.lines().any(reads) {
        bail!(
            "mosquitto does not read {}; add this line to {}: include_dir {}",
            file.display(),
            main.display(),
            directory.display()
        );
    }
    Ok(())
}

/// Checks that no other file has a connection with this name: mosquitto would not start.
pub(super) fn name_is_free(root: &Path, file: &Path, name: &str) -> anyhow::Result<()> {
    let directory = file.parent().unwrap_or(root);
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
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
                "{} already has a connection {name}; remove it, or use another --device-id",
                path.display()
            );
        }
    }
    Ok(())
}

/// Checks that mosquitto can read the certificates and the key.
pub(super) fn tls_files(root: &Path, tls: &Tls) -> anyhow::Result<()> {
    match &tls.authorities {
        Authorities::File(file) => pem(root, "--cafile", file, "CERTIFICATE")?,
        Authorities::System => {
            let directory = system_files::in_root(root, SYSTEM_AUTHORITIES);
            if fs::read_dir(&directory).map_or(0, Iterator::count) == 0 {
                bail!(
                    "{} contains no CA certificates; set one with --cafile, or run: \
                     sudo apt install ca-certificates",
                    directory.display()
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

/// Checks that a file contains `what` in PEM format (RFC 7468).
fn pem(root: &Path, option: &str, file: &str, what: &str) -> anyhow::Result<()> {
    let path = system_files::in_root(root, file);
    let content = fs::read(&path).with_context(|| format!("{option}: cannot read {}", path.display()))?;
    let text = String::from_utf8_lossy(&content);
    let begins =
        |line: &str| line.starts_with("-----BEGIN ") && line.trim_end().ends_with(&format!("{what}-----"));
    if !text.lines().any(begins) {
        bail!("{option}: {} contains no {} in PEM format", path.display(), what.to_lowercase());
    }
    if what == "PRIVATE KEY" && ENCRYPTED.iter().any(|mark| text.contains(mark)) {
        bail!(
            "{option}: {} is encrypted with a password, and mosquitto would not start; \
             use a key without a password",
            path.display()
        );
    }
    if root == Path::new("/") && geteuid().is_root() && !readable(file)? {
        bail!(
            "{option}: the user {MOSQUITTO} cannot read {file}; move it to a directory that this user \
             can read, or run: sudo chgrp {MOSQUITTO} {file} && sudo chmod 640 {file}"
        );
    }
    Ok(())
}

/// Whether mosquitto's user can read a file, with regard to directories, groups and access control lists.
fn readable(file: &str) -> anyhow::Result<bool> {
    let status = Command::new("runuser")
        .args(["-u", MOSQUITTO, "--", "test", "-r", file])
        .status()
        .context("cannot run runuser, of the package util-linux")?;
    Ok(status.success())
}

/// Connects to the other broker and disconnects.
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
