// SPDX-License-Identifier: GPL-3.0-or-later
//! The installed `lamp_service` of a machine: its command in Supervisor's file, and so the addresses of the
//! broker and pigpiod.

use std::path::{Path, PathBuf};

use mqtt_client::Login;
use runtime::address::Address;
use rustix::process::geteuid;
use std::fmt;
use supervisor_conf::{Host, Program};
use system_files::accounts;

use super::settings::{Called, Peer, Unreadable};
use crate::login::{LoginArgs, Unusable};
use crate::user_conf::{self, UserConf};
use crate::{paths, user};

/// Why the address of a peer or the login at the broker is unknown.
#[derive(Debug)]
pub enum Unknown {
    /// The settings file is unreadable.
    File(Unreadable),
    /// A setting is not an address or a user; the sentence names it.
    Setting(String),
    /// The password is unreadable.
    Password(Unusable),
    /// The caller is neither root nor the lamp's user, and may not read the lamp's password.
    NotYours(PathBuf),
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
            Self::Password(error) => error.fmt(formatter),
            Self::NotYours(file) => write!(
                formatter,
                "cannot read the lamp's password in {}, which is for root and the lamp's user; use sudo, or \
                another user of the broker with --username and --password-file",
                file.display()
            ),
        }
    }
}

impl std::error::Error for Unknown {}

/// The address `given`, or else that of a peer of the lamp with the root directory `root`.
pub fn address(peer: Peer, given: Option<&Address>, root: &Path) -> Result<Address, Unknown> {
    match given {
        Some(address) => Ok(address.clone()),
        None => called(root)?.address(peer).map_err(Unknown::Setting),
    }
}

/// The login of the caller at the broker at `address`: that of the arguments, or else of the variables, or
/// else of `lamp_service`. The last one counts only for the broker of `lamp_service`; no other broker gets
/// its password.
///
/// Root reads the password with the rights of the lamp's user, who may have replaced the file.
pub fn login(
    address: &Address,
    args: &LoginArgs,
    variable: impl Fn(&str) -> Option<String>,
    root: &Path,
) -> Result<Option<Login>, Unknown> {
    if let Some(user) = args.user(variable).map_err(Unknown::Setting)? {
        return user.login().map(Some).map_err(Unknown::Password);
    }
    let program = program(root);
    let account = program.as_ref().and_then(|program| program.user.clone());
    let called = of_program(program, root)?;
    let Some(mut user) = called.user_at(address).map_err(Unknown::Setting)? else { return Ok(None) };
    user.password_file = user.password_file.map(|file| system_files::in_root(root, file));
    let read = || user.login();
    if !geteuid().is_root() {
        return match read() {
            Err(error) if error.is_denied() => Err(Unknown::NotYours(error.file().to_owned())),
            other => other.map(Some).map_err(Unknown::Password),
        };
    }
    let passwd = std::fs::read_to_string(system_files::in_root(root, "/etc/passwd")).unwrap_or_default();
    let generated = std::fs::read_to_string(system_files::in_root(root, user_conf::PATH)).unwrap_or_default();
    let account = UserConf::parse(&generated).map(|conf| conf.user).or(account);
    let account = account.unwrap_or_else(|| user::NAME.to_owned());
    let login = match accounts::passwd(&passwd).find(|entry| entry.name == account) {
        Some(entry) => {
            let owner = system_files::User { user: entry.uid, group: entry.gid };
            system_files::as_user(owner, read).map_err(|error| {
                Unknown::Setting(format!("cannot read the password as {account}: {error}"))
            })?
        }
        // Without that account, the lamp's programs do not run.
        None => read(),
    };
    login.map(Some).map_err(Unknown::Password)
}

/// The `lamp_service` of the lamp with the root directory `root`. Only root can read its command; for other
/// callers, the default settings file counts.
pub fn called(root: &Path) -> Result<Called, Unreadable> {
    of_program(program(root), root)
}

/// Its section in Supervisor's file.
fn program(root: &Path) -> Option<Program> {
    let conf = system_files::in_root(root, paths::conf("lamp_service"));
    let report = supervisor_conf::check(&[conf] as &[PathBuf], &Host::new(root)).ok()?;
    report.programs.into_iter().find(|program| program.name == "lamp_service")
}

fn of_program(program: Option<Program>, root: &Path) -> Result<Called, Unreadable> {
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
    fn reads_the_addresses_of_the_peers_from_the_files() {
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
