// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi bridge`: the lamp's broker connected with another one, for phones and web pages that are elsewhere.
//!
//! The connection is a file of mosquitto's own configuration. mosquitto does not start with a mistake in it, so all that
//! can be found out is found out first.

mod checks;
mod conf;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use nix::unistd::geteuid;
use runtime::output;
use system_files::{Access, Place, ROOT_ONLY};

use conf::{Authorities, Bridge, Tls};
use programs::identity;
use programs::lamp_service::installed;
use programs::lampi::BridgeArgs;
use programs::login;

/// The file.
const FILE: &str = "/etc/mosquitto/conf.d/lampi_bridge.conf";

/// What the name of a file that is kept ends in; the package itself keeps what is in its way under such names.
const KEPT: &str = "dpkg-bak";

/// What has to be done for mosquitto to follow: bridges are not among what it reads again while it runs.
const RESTART: &str = "sudo systemctl restart mosquitto";

/// Writes the file, or removes it.
pub(crate) fn run(args: &BridgeArgs) -> anyhow::Result<()> {
    // Below another root, whoever may change the files may do so.
    if args.root == Path::new("/") && !geteuid().is_root() {
        bail!("this needs root; say it again after sudo");
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
    // mosquitto reads it as root when it starts, but as its own user when logrotate has it read its configuration again.
    let access = Access { group, mode: 0o640, ..ROOT_ONLY };
    place.write(bridge.to_string().as_bytes(), access)?;
    output::line(&format!(
        "{} is written; the lamp's topics there begin with {}",
        file.display(),
        bridge.prefix()
    ))?;
    if root == Path::new("/")
        && let Err(error) = checks::answers(&bridge.host, bridge.port)
    {
        output::line(&format!("nobody answers there for now ({error}); mosquitto will keep trying"))?;
    }
    output::line(&format!("mosquitto connects after: {RESTART}"))?;
    Ok(output::line("whether it is connected tells: lampi status")?)
}

fn remove(root: &Path) -> anyhow::Result<()> {
    let file = system_files::in_root(root, FILE);
    if !system_files::exists(&file)? {
        return Ok(output::line(&format!("there is no bridge: {} does not exist", file.display()))?);
    }
    let place = Place::below(root, FILE)?;
    keep_foreign(&place)?;
    place.remove()?;
    Ok(output::line(&format!(
        "{} is removed; mosquitto lets go of the other broker after: {RESTART}",
        file.display()
    ))?)
}

/// Keeps a file that `lampi bridge` did not write, and says so.
fn keep_foreign(place: &Place) -> anyhow::Result<()> {
    match place.read() {
        Ok(Some(found)) if conf::is_ours(&found.content) => Ok(()),
        Ok(None) => Ok(()),
        // Even if it cannot be read, or is a link.
        _ => {
            let kept = place.back_up(KEPT)?;
            Ok(output::line(&format!(
                "{} was not written by lampi; it is kept as {}",
                place.path().display(),
                kept.display()
            ))?)
        }
    }
}

/// What is ordered, complete and sound in itself.
fn wanted(args: &BridgeArgs, host: &str) -> anyhow::Result<Bridge> {
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || "[]/".contains(c)) {
        bail!("--host: '{}' is no name or address of a broker", host.escape_debug());
    }
    let device_id = match &args.device_id {
        Some(id) => id.clone(),
        None => device_id(&args.root)?,
    };
    if device_id.is_empty() || !device_id.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
        bail!(
            "the lamp cannot be called '{}' there; --device-id takes letters, digits, _, - and .",
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

/// The name by which the other broker knows the lamp already, or else Home Assistant and the lamp's own screen.
fn device_id(root: &Path) -> anyhow::Result<String> {
    let bridge = Place::below(root, FILE).and_then(|place| place.read()).ok().flatten();
    if let Some(id) = bridge.and_then(|found| conf::device_id(&found.content))
        && !identity::is_of_another_machine(root, &id)
    {
        return Ok(id);
    }
    let found = identity::find(root, &installed::called(root)?.state());
    let (identity, _) = found.context(
        "there is no network card by whose address the lamp could be known; name the lamp by --device-id",
    )?;
    Ok(identity.id().to_owned())
}

fn tls(args: &BridgeArgs) -> anyhow::Result<Tls> {
    let path = |option: &str, path: &PathBuf| {
        let path = std::path::absolute(path).with_context(|| option.to_owned())?;
        let text =
            path.to_str().with_context(|| format!("{option}: mosquitto does not understand such a name"))?;
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
    let text = std::str::from_utf8(&password)
        .with_context(|| format!("{}: mosquitto does not understand such a password", file.display()))?;
    one_line(&file.display().to_string(), text)
}

/// A value as it can stand in mosquitto's configuration, where a line ends it and blanks around it are lost.
fn one_line(what: &str, text: &str) -> anyhow::Result<String> {
    if text.is_empty() || text.trim() != text || text.contains(char::is_control) {
        bail!("{what}: it must not be empty, begin or end with a blank, or have control characters in it");
    }
    Ok(text.to_owned())
}
