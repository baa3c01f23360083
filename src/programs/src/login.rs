// SPDX-License-Identifier: GPL-3.0-or-later
//! The login of the lamp's programs at the MQTT broker: a user name, and a file with the password. No option
//! and no variable takes the password itself, because every user of the machine could read it there.

#![allow(clippy::doc_markdown, reason = "the help prints these comments as they are")]

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use mqtt_client::{Login, Password};
use runtime::quoting::{quoted, visible};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::geteuid;
use system_files::accounts;

/// The variable with the user name, for callers without an option and a setting.
pub const USERNAME: &str = "LAMPI_USERNAME";

/// The variable with the password file, which has an effect only together with [`USERNAME`].
pub const PASSWORD_FILE: &str = "LAMPI_PASSWORD_FILE";

/// The limit of a password file in bytes: MQTT's longest password, and one more.
const LARGEST: u64 = 1 << 16;

// No doc comment: it would replace the help of each program that flattens these options.
#[allow(missing_docs, reason = "as above")]
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct LoginArgs {
    /// User name for the MQTT broker, if it requires one
    ///
    /// The default is in the environment variables LAMPI_USERNAME and LAMPI_PASSWORD_FILE. Without them,
    /// lamp_ui and lampi use the login of lamp_service, but only for the broker of lamp_service.
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub username: Option<String>,

    /// File with the password of that user in its first line
    ///
    /// The file must have the mode 600 and belong to root or to the user that reads it. The program reads it
    /// before each attempt to connect.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// A user of the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password file; some brokers need none.
    pub password_file: Option<PathBuf>,
}

impl LoginArgs {
    /// The user of the options, or else of the variables. The error is one sentence.
    pub fn user(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Option<User>, String> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let Self { username, password_file } = self;
        match User::new(username.clone(), password_file.clone()) {
            Ok(None) => User::new(
                set(USERNAME)
                    .map(|text| name(&text))
                    .transpose()
                    .map_err(|error| format!("the environment variable {USERNAME} is wrong: {error}"))?,
                set(PASSWORD_FILE).map(PathBuf::from),
            )
            .map_err(|NoName| {
                format!(
                    "the environment variable {PASSWORD_FILE} is set without {USERNAME}; set {USERNAME} too"
                )
            }),
            Ok(user) => Ok(user),
            Err(NoName) => Err("password-file is set without username; set username too".into()),
        }
    }
}

/// A password file without a user name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoName;

impl User {
    /// The user of this name; `None` if there is no name.
    pub fn new(name: Option<String>, password_file: Option<PathBuf>) -> Result<Option<Self>, NoName> {
        match (name, password_file) {
            (Some(name), password_file) => Ok(Some(Self { name, password_file })),
            (None, Some(_)) => Err(NoName),
            (None, None) => Ok(None),
        }
    }

    /// Reads the password.
    pub fn login(&self) -> Result<Login, Unusable> {
        let read = |file: &PathBuf| Ok(Password { secret: password(file)?, file: file.clone() });
        let password = self.password_file.as_ref().map(read).transpose()?;
        Ok(Login { username: self.name.clone(), password })
    }
}

/// Reads a user name.
pub(crate) fn name(text: &str) -> Result<String, String> {
    // MQTT's limit.
    if text.is_empty() || text.len() > usize::from(u16::MAX) || text.contains(char::is_control) {
        return Err("it must be a name without control characters".into());
    }
    Ok(text.to_owned())
}

/// Reads the first line of a password file.
///
/// Another user who can write to the file or replace it chooses what the broker receives. Another user who
/// can read it has the password. So the function rejects such a file.
pub fn password(file: &Path) -> Result<Vec<u8>, Unusable> {
    read(file).map_err(|reason| Unusable { file: file.to_owned(), caller: caller(), reason })
}

fn read(path: &Path) -> Result<Vec<u8>, Reason> {
    // NONBLOCK: opening a FIFO does not block.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = file.map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::LOOP) => Reason::Link(std::fs::canonicalize(path).ok()),
        // A socket or a device.
        Some(Errno::NXIO | Errno::NODEV) => Reason::NotAFile,
        _ => Reason::System(error),
    })?;
    let metadata = file.metadata().map_err(Reason::System)?;
    if !metadata.is_file() {
        return Err(Reason::NotAFile);
    }
    if metadata.uid() != 0 && metadata.uid() != geteuid().as_raw() && Some(metadata.uid()) != behind_sudo() {
        return Err(Reason::OtherOwner(account(metadata.uid())));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(Reason::Open(metadata.mode() & 0o777));
    }
    let mut text = Vec::new();
    file.take(LARGEST).read_to_end(&mut text).map_err(Reason::System)?;
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() || line.len() as u64 >= LARGEST {
        return Err(Reason::NoPassword);
    }
    Ok(line.to_vec())
}

/// The user who ran sudo, if the caller is root.
fn behind_sudo() -> Option<u32> {
    if !geteuid().is_root() {
        return None;
    }
    std::env::var("SUDO_UID").ok()?.parse().ok()
}

fn caller() -> String {
    account(geteuid().as_raw())
}

/// The name of an account, or else its number, which chown also accepts.
fn account(uid: u32) -> String {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let entry = accounts::passwd(&passwd).find(|entry| entry.uid == uid);
    entry.map_or_else(|| uid.to_string(), |entry| entry.name.to_owned())
}

/// A rejected password file; prints as one sentence with the reason and the fix.
#[derive(Debug)]
pub struct Unusable {
    file: PathBuf,
    caller: String,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    /// It is a symbolic link to this path.
    Link(Option<PathBuf>),
    /// It is a directory, a FIFO or another special file.
    NotAFile,
    /// It belongs to this account.
    OtherOwner(String),
    /// This mode gives others than its owner access.
    Open(u32),
    /// Its first line is not a password.
    NoPassword,
    System(io::Error),
}

impl Unusable {
    /// Whether the caller may not read it.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(&self.reason, Reason::System(error) if error.kind() == ErrorKind::PermissionDenied)
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The purpose of the fix, and its command for root.
    #[must_use]
    pub fn fix(&self) -> (String, String) {
        let file = quoted(&self.file.to_string_lossy());
        let caller = quoted(&self.caller);
        match &self.reason {
            Reason::Open(_) => ("let only its owner read it".into(), format!("chmod 600 {file}")),
            Reason::OtherOwner(_) => {
                (format!("give it to {caller}"), format!("chown {caller} {file} && sudo chmod 600 {file}"))
            }
            Reason::System(error) if error.kind() == ErrorKind::PermissionDenied => {
                (format!("give it to {caller}"), format!("chown {caller} {file}"))
            }
            Reason::Link(Some(target)) => {
                let target = quoted(&target.to_string_lossy());
                ("replace the link with a copy".into(), format!("cp -p --remove-destination {target} {file}"))
            }
            Reason::Link(None) | Reason::NotAFile | Reason::NoPassword | Reason::System(_) => {
                ("write the password into it".into(), format!("install -o {caller} -m 600 /dev/stdin {file}"))
            }
        }
    }
}

impl Unusable {
    /// The problem, without the fix.
    #[must_use]
    pub fn what(&self) -> String {
        let file = visible(&self.file.to_string_lossy());
        let caller = visible(&self.caller);
        let wrong = match &self.reason {
            Reason::Link(_) => "is a symbolic link".into(),
            Reason::NotAFile => "is not a regular file".into(),
            Reason::OtherOwner(owner) => {
                format!("belongs to {}, not to {caller} or root", visible(owner))
            }
            Reason::Open(mode) => format!("gives access to other users (mode {mode:o})"),
            Reason::NoPassword => "has no password in its first line".into(),
            Reason::System(error) => format!("cannot be read by {caller}: {error}"),
        };
        format!("the password file {file} {wrong}")
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (purpose, command) = self.fix();
        write!(formatter, "{}; to {purpose}, run: sudo {command}", self.what())
    }
}

impl std::error::Error for Unusable {}
