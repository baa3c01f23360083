// SPDX-License-Identifier: GPL-3.0-or-later
//! The settings file of `lamp_service`, and the settings that result from the file and the command line.
//!
//! A line `transition = 0.5` of the file is the option `--transition=0.5`. The command line takes precedence
//! over the file, and the file over the environment variables.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use clap::{Arg, CommandFactory};
use runtime::address::Address;

use crate::login::{self, LoginArgs, User};
use crate::{call, paths};

/// Options that a line of the file cannot set.
const NOT_IN_THE_FILE: [&str; 5] = ["settings", "forget-home-assistant", "check", "help", "version"];

/// Settings that take effect on SIGHUP. The others take effect at the next start.
pub const RELOADED: [&str; 6] =
    ["transition", "gamma", "frequency", "home-assistant", "username", "password-file"];

/// The definitions of all settings, in the order of the help. The long name of each is its name in the file.
pub fn definitions() -> impl Iterator<Item = Arg> {
    let arguments: Vec<Arg> = super::Cli::command().get_arguments().cloned().collect();
    let is_setting =
        |argument: &Arg| argument.get_long().is_some_and(|name| !NOT_IN_THE_FILE.contains(&name));
    arguments.into_iter().filter(is_setting)
}

/// A line of the file that is neither empty nor a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number; the first is 1.
    pub number: usize,
    /// Name and value, if it has the form `NAME = VALUE`.
    pub setting: Option<(&'a str, &'a str)>,
}

/// The lines of the file that are neither empty nor comments.
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())).filter_map(|(number, line)| {
        let counts = !line.is_empty() && !line.starts_with('#');
        let setting = || line.split_once('=').map(|(name, value)| (name.trim_end(), value.trim_start()));
        counts.then(|| Line { number, setting: setting() })
    })
}

/// The command line, the environment and the settings file of `lamp_service`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Called {
    command: Vec<String>,
    environment: BTreeMap<String, String>,
    file: String,
    content: String,
}

/// A peer of `lamp_service`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The MQTT broker.
    Broker,
    /// The GPIO daemon.
    Pigpiod,
}

impl Called {
    /// `command` is the program with its arguments, and `environment` its variables; both are empty if they
    /// are unknown. `read` reads the settings file, which need not exist.
    pub fn new(
        command: Vec<String>,
        environment: BTreeMap<String, String>,
        read: impl FnOnce(&Path) -> io::Result<String>,
    ) -> Result<Self, Unreadable> {
        let file = call::option(&command, "settings").unwrap_or(paths::SETTINGS).to_owned();
        match read(Path::new(&file)) {
            Ok(content) => Ok(Self { command, environment, file, content }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok(Self { command, environment, file, content: String::new() })
            }
            Err(error) => Err(Unreadable { file, error }),
        }
    }

    /// With the default settings file only, for callers that cannot read the command line.
    pub fn usual() -> Result<Self, Unreadable> {
        let read = |file: &Path| std::fs::read_to_string(system_files::in_root(Path::new("/"), file));
        Self::new(Vec::new(), BTreeMap::new(), read)
    }

    /// The settings file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The file that sets a setting, and the value; `None` for the program's default.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<(String, &str)> {
        if let Some(value) = call::option(&self.command, name) {
            return Some((paths::conf("lamp_service"), value));
        }
        let mut settings = lines(&self.content).filter_map(|line| line.setting);
        settings.find(|(key, _)| *key == name).map(|(_, value)| (self.file.clone(), value))
    }

    /// The file of the lamp's state.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.setting("state").map_or(paths::STATE, |(_, value)| value).into()
    }

    /// The program's user at the broker at `address`. `None` if that is not the program's own broker: no
    /// other broker gets the password.
    pub fn user_at(&self, address: &Address) -> Result<Option<User>, String> {
        if self.address(Peer::Broker)? == *address { self.user() } else { Ok(None) }
    }

    /// The program's user at its broker.
    pub fn user(&self) -> Result<Option<User>, String> {
        let wrong = |file: &str, error: String| format!("{file}: {error}");
        let username = match self.setting("username") {
            Some((file, text)) => {
                Some(login::name(text).map_err(|error| wrong(&file, format!("username: {error}")))?)
            }
            None => None,
        };
        let password_file = self.setting("password-file").map(|(_, file)| file.into());
        let place = if self.command.is_empty() { self.file.clone() } else { paths::conf("lamp_service") };
        LoginArgs { username, password_file }
            .user(|name| self.environment.get(name).cloned())
            .map_err(|error| wrong(&place, error))
    }

    /// The address of a peer.
    pub fn address(&self, peer: Peer) -> Result<Address, String> {
        let name = match peer {
            Peer::Broker => "broker",
            Peer::Pigpiod => "pigpiod",
        };
        if let Some((file, text)) = self.setting(name) {
            return text
                .parse()
                .map_err(|error| format!("{file}: {name} is '{}': {error}", text.escape_debug()));
        }
        match peer {
            Peer::Broker => Ok(super::broker()),
            Peer::Pigpiod => super::pigpiod_by_variables(|name| self.environment.get(name).cloned()),
        }
    }
}

/// A settings file that cannot be read.
#[derive(Debug)]
pub struct Unreadable {
    file: String,
    error: io::Error,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "cannot read {}: {}", self.file, self.error)
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(command: &str, environment: &[(&str, &str)], files: &[(&str, &str)]) -> Called {
        let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let read = |path: &Path| {
            let file = files.iter().find(|(name, _)| path == Path::new(name));
            file.map(|(_, content)| (*content).to_owned()).ok_or_else(|| ErrorKind::NotFound.into())
        };
        Called::new(command.split_whitespace().map(Into::into).collect(), environment, read).unwrap()
    }

    #[test]
    fn every_reloaded_setting_exists() {
        let names: Vec<Arg> = definitions().collect();
        for name in RELOADED {
            assert!(names.iter().any(|argument| argument.get_long() == Some(name)), "{name}");
        }
    }

    #[test]
    fn skips_empty_lines_and_comments() {
        let found: Vec<Line> = lines("# x\n\n  a = b=c \nd\n").collect();
        let expected = [Line { number: 3, setting: Some(("a", "b=c")) }, Line { number: 4, setting: None }];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_command_line_overrides_the_file_which_overrides_the_environment() {
        let file = ("/etc/lampi/lamp_service.conf", "# x\n broker = b:1\npigpiod=[::1]:2\n");
        let addresses = |called: &Called| {
            [Peer::Broker, Peer::Pigpiod].map(|peer| called.address(peer).unwrap().to_string())
        };
        assert_eq!(addresses(&called("", &[], &[])), ["localhost:1883", "localhost:8888"]);
        let variables = [("PIGPIO_ADDR", "pi"), ("PIGPIO_PORT", "9")];
        assert_eq!(addresses(&called("", &variables, &[])), ["localhost:1883", "pi:9"]);
        assert_eq!(addresses(&called("", &variables, &[file])), ["b:1", "[::1]:2"]);
        let call = "lamp_service --broker c:3 --transition 1 --broker=d:4";
        assert_eq!(addresses(&called(call, &[], &[file])), ["d:4", "[::1]:2"]);
    }

    #[test]
    fn reads_the_file_that_the_command_line_names() {
        let files =
            [("/etc/lampi/lamp_service.conf", "broker = b:1\n"), ("/srv/s", "broker = s:2\nstate = /x\n")];
        let called = called("lamp_service --settings /srv/s", &[], &files);
        assert_eq!(called.file(), "/srv/s");
        assert_eq!(called.address(Peer::Broker).unwrap().to_string(), "s:2");
        assert_eq!(called.state(), Path::new("/x"));
    }

    #[test]
    fn has_a_user_only_at_the_programs_own_broker() {
        let settings = "broker = b:1\nusername = lamp\npassword-file = /p\n";
        let file = ("/etc/lampi/lamp_service.conf", settings);
        let at = |called: &Called, broker: &str| called.user_at(&broker.parse().unwrap());
        let lamp = User { name: "lamp".into(), password_file: Some("/p".into()) };
        assert_eq!(at(&called("", &[], &[file]), "b:1"), Ok(Some(lamp.clone())));
        assert_eq!(at(&called("", &[], &[file]), "localhost:1883"), Ok(None));
        assert_eq!(at(&called("lamp_service --broker c:3", &[], &[file]), "b:1"), Ok(None));
        let other = User { name: "other".into(), ..lamp.clone() };
        assert_eq!(at(&called("lamp_service --username other", &[], &[file]), "b:1"), Ok(Some(other)));
        let variables = [(login::USERNAME, "lamp"), (login::PASSWORD_FILE, "/p")];
        assert_eq!(at(&called("", &variables, &[]), "localhost:1883"), Ok(Some(lamp)));
        assert_eq!(at(&called("", &[], &[]), "localhost:1883"), Ok(None));
        let half = ("/etc/lampi/lamp_service.conf", "password-file = /p\n");
        let error = at(&called("", &[], &[half]), "localhost:1883").unwrap_err();
        assert!(
            error.starts_with("/etc/lampi/lamp_service.conf: password-file is set without username"),
            "{error}"
        );
    }

    #[test]
    fn an_error_names_the_file_with_the_wrong_value() {
        let error = called("", &[], &[("/etc/lampi/lamp_service.conf", "broker = d")]).address(Peer::Broker);
        assert_eq!(error.unwrap_err(), "/etc/lampi/lamp_service.conf: broker is 'd': it must be HOST:PORT");
        let error = called("lamp_service --broker d", &[], &[]).address(Peer::Broker).unwrap_err();
        assert!(error.starts_with("/etc/supervisor/conf.d/lamp_service.conf: broker is 'd'"), "{error}");
    }
}
