// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi bridge`: connects the lamp's broker to another one, for phones and web pages in other networks.
//!
//! The bridge is a file in mosquitto's configuration. mosquitto does not start with an error in it, so
//! everything is checked first.

mod checks;
mod conf;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use nix::unistd::geteuid;
use runtime::address::Address;
use runtime::output;
use system_files::{Access, Place, ROOT_ONLY};

use conf::{Authorities, Bridge, Tls};
use programs::identity;
use programs::lamp_service::installed;
use programs::lampi::BridgeArgs;
use programs::login;

/// mosquitto's configuration of the bridge.
const FILE: &str = "/etc/mosquitto/conf.d/lampi_bridge.conf";

/// Suffix of a file that is kept; the package uses the same one.
const KEPT: &str = "dpkg-bak";

/// The command that applies the file: mosquitto does not reload bridges while it runs.
const RESTART: &str = "sudo systemctl restart mosquitto";

/// Writes the file, or removes it.
pub(crate) fn run(args: &BridgeArgs) -> anyhow::Result<()> {
    // Below another root, the permissions of the files decide.
    if args.root == Path::new("/") && !geteuid().is_root() {
        bail!("this needs root; run it again with sudo");
    }
    match &args.host {
        Some(host) => set_up(args, host),
        None => remove(&args.root),
    }
}

fn set_up(args: &BridgeArgs, host: &str) -> anyhow::Result<()> {
    let root = args.root.as_path();
    let file = system_files::in_root(root, FILE);
    let bridge = wanted(args, host)?;
    let group = checks::group(root)?;
    checks::read_by_mosquitto(root, &file)?;
    checks::name_is_free(root, &file, &bridge.name())?;
    if let Some(tls) = &bridge.tls {
        checks::tls_files(root, tls)?;
    }
    let place = Place::below(root, FILE)?;
    keep_foreign(&place)?;
    // mosquitto reads it as root at start-up, but as its own user when logrotate has it reload its
    // configuration.
    let access = Access { group, mode: 0o640, ..ROOT_ONLY };
    place.write(bridge.to_string().as_bytes(), access)?;
    output::line(&format!(
        "wrote {}; on the other broker, the lamp's topics start with {}",
        file.display(),
        bridge.prefix()
    ))?;
    if root == Path::new("/")
        && let Err(error) = checks::answers(&bridge.host, bridge.port)
    {
        let address = Address { host: bridge.host, port: bridge.port };
        output::line(&format!("cannot connect to {address} at the moment ({error}); mosquitto retries"))?;
    }
    output::line(&format!("to connect, run: {RESTART}"))?;
    Ok(output::line("to check the connection, run: lampi status")?)
}

fn remove(root: &Path) -> anyhow::Result<()> {
    let file = system_files::in_root(root, FILE);
    if !system_files::exists(&file)? {
        return Ok(output::line(&format!(
            "there is no bridge to remove: {} does not exist",
            file.display()
        ))?);
    }
    let place = Place::below(root, FILE)?;
    keep_foreign(&place)?;
    place.remove()?;
    Ok(output::line(&format!(
        "removed {}; to disconnect from the other broker, run: {RESTART}",
        file.display()
    ))?)
}

/// Keeps a file that `lampi bridge` did not write, and reports it.
fn keep_foreign(place: &Place) -> anyhow::Result<()> {
    match place.read() {
        Ok(Some(found)) if conf::is_ours(&found.content) => Ok(()),
        Ok(None) => Ok(()),
        // Also a file that cannot be read, and a symbolic link.
        _ => {
            let kept = place.back_up(KEPT)?;
            Ok(output::line(&format!(
                "lampi did not write {}; it is kept as {}",
                place.path().display(),
                kept.display()
            ))?)
        }
    }
}

/// The bridge that the arguments describe, complete and valid.
fn wanted(args: &BridgeArgs, host: &str) -> anyhow::Result<Bridge> {
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || "[]/".contains(c)) {
        bail!("--host: '{}' is not a host name or an IP address", host.escape_debug());
    }
    let device_id = match &args.device_id {
        Some(id) => id.clone(),
        None => device_id(&args.root)?,
    };
    if device_id.is_empty() || !device_id.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
        bail!(
            "'{}' is not a valid ID of the lamp; use only letters, digits, _, - and . in --device-id",
            device_id.escape_debug()
        );
    }
    let tls = if args.tls { Some(tls(args)?) } else { None };
    let user = match &args.username {
        Some(name) => {
            let password = args.password_file.as_deref().map(password).transpose()?;
            Some((one_line("--username", name)?, password))
        }
        None => None,
    };
    let port = args.port.unwrap_or(if args.tls { 8883 } else { 1883 });
    Ok(Bridge { device_id, host: host.to_owned(), port, tls, user })
}

/// The lamp's ID: that of the present bridge, or else the one for Home Assistant and on the lamp's screen.
fn device_id(root: &Path) -> anyhow::Result<String> {
    let bridge = Place::below(root, FILE).and_then(|place| place.read()).ok().flatten();
    if let Some(id) = bridge.and_then(|found| conf::device_id(&found.content))
        && !identity::is_of_another_machine(root, &id)
    {
        return Ok(id);
    }
    let found = identity::find(root, &installed::called(root)?.state());
    let (identity, _) = found.context(
        "cannot derive the lamp's ID: the machine has no network card; set the ID with --device-id",
    )?;
    Ok(identity.id().to_owned())
}

fn tls(args: &BridgeArgs) -> anyhow::Result<Tls> {
    let path = |option: &str, path: &PathBuf| {
        let path = std::path::absolute(path).with_context(|| option.to_owned())?;
        let text = path.to_str().with_context(|| format!("{option}: mosquitto requires a path in UTF-8"))?;
        one_line(option, text)
    };
    Ok(Tls {
        authorities: match &args.cafile {
            Some(file) => Authorities::File(path("--cafile", file)?),
            None => Authorities::System,
        },
        own: match (&args.certfile, &args.keyfile) {
            (Some(certificate), Some(key)) => {
                Some((path("--certfile", certificate)?, path("--keyfile", key)?))
            }
            _ => None,
        },
    })
}

fn password(file: &Path) -> anyhow::Result<String> {
    let password = login::password(file)?;
    let text = std::str::from_utf8(&password).with_context(|| {
        format!("mosquitto requires UTF-8, but the password in {} is not", file.display())
    })?;
    one_line(&format!("the password in {}", file.display()), text)
}

/// A value for mosquitto's configuration, in which a value is the rest of its line, without spaces around it.
fn one_line(what: &str, text: &str) -> anyhow::Result<String> {
    if text.is_empty() || text.trim() != text || text.contains(char::is_control) {
        bail!("{what} must not be empty, start or end with a space, or contain control characters");
    }
    Ok(text.to_owned())
}
