// SPDX-License-Identifier: GPL-3.0-or-later
//! The user in the Supervisor files of `lamp_service` and `lamp_ui`, and the generated file that overrides
//! it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use programs::user_conf::UserConf;
use programs::{RunsAs, paths, supervised};
use supervisor_conf::pairs::pairs;
use supervisor_conf::{Host, sections};
use system_files::in_root;

use super::account::Account;

/// Environment variables for the user's files.
const HOME: &str = "HOME";
const KIVY_HOME: &str = "KIVY_HOME";

/// An account of every Debian system, for programs that are not started.
const NOBODY: &str = "nobody";

/// The settings in the file of one program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conf {
    /// Name of the program.
    pub program: &'static str,
    /// `user`; none if it is not set.
    pub user: Option<String>,
    /// `environment`, with only `%(here)s` expanded.
    environment: String,
    /// `environment` in the packaged file.
    packaged: String,
}

/// Reads the files of the programs that run as the lamp's user, without disabled ones.
pub(super) fn read(root: &Path) -> anyhow::Result<Vec<Conf>> {
    let mut all = Vec::new();
    for program in supervised().filter(|program| program.runs_as == RunsAs::LampUser) {
        let conf = in_root(root, program.conf());
        if !conf.is_file() {
            continue;
        }
        let read = |file: PathBuf| {
            let sections = sections(&[file], &Host::new(root))?;
            let header = format!("program:{program}");
            let mut values = sections.into_iter().filter(|section| section.header == header);
            // Supervisor merges sections with the same name.
            let mut merged = values.next().map(|section| section.values).unwrap_or_default();
            values.for_each(|section| merged.extend(section.values));
            anyhow::Ok(merged)
        };
        let mut values = read(conf)?;
        let packaged = in_root(root, format!("{}/{program}.conf", paths::PACKAGED_CONFS));
        let mut packaged = if packaged.is_file() { read(packaged)? } else { values.clone() };
        all.push(Conf {
            program: program.name,
            user: values.remove("user").filter(|user| !user.is_empty()),
            environment: values.remove("environment").unwrap_or_default(),
            packaged: packaged.remove("environment").unwrap_or_default(),
        });
    }
    Ok(all)
}

/// The generated file for `account`; none if the programs' own files are sufficient.
pub(super) fn conf(
    all: &[Conf],
    account: &Account,
    kivy_home: Option<&str>,
) -> anyhow::Result<Option<String>> {
    let kivy_home = kivy_home.map_or_else(|| format!("{}/.kivy", account.home), str::to_owned);
    let mut text = UserConf { user: account.name.clone(), is_parked: false }.head();
    let mut is_needed = false;
    for conf in all {
        let is_other = conf.user.as_ref() != Some(&account.name);
        let environment =
            conf.environment_for(&[(HOME, &account.home), (KIVY_HOME, &kivy_home)], is_other)?;
        is_needed |= is_other || environment != conf.pairs().join(",");
        let (program, user) = (conf.program, &account.name);
        let _ = write!(text, "\n[program:{program}]\nuser={user}\nenvironment={environment}\n");
    }
    Ok(is_needed.then_some(text))
}

/// The generated file that keeps the programs from being started while `user` does not exist: an unknown user
/// would keep Supervisor from starting any program.
pub(super) fn parked(all: &[Conf], user: &str) -> String {
    let mut text = UserConf { user: user.to_owned(), is_parked: true }.head();
    for conf in all {
        let _ = write!(text, "\n[program:{}]\nuser={NOBODY}\nautostart=false\n", conf.program);
    }
    text
}

impl Conf {
    /// `environment` with these variables; other variables stay. A value that the lamp's owner has changed
    /// stays too, unless the user `is_other`.
    fn environment_for(&self, variables: &[(&str, &str)], is_other: bool) -> anyhow::Result<String> {
        let packaged = pairs(&self.packaged);
        let mut pairs = self.pairs();
        for (name, value) in variables {
            let is_of = |pair: &&String| pair.split_once('=').is_some_and(|(key, _)| key.trim() == *name);
            let old = pairs.iter().find(is_of).cloned();
            let is_packaged = || old.is_some() && packaged.iter().find(is_of) == old.as_ref();
            let new = format!("{name}={}", quoted(value)?);
            if is_other || is_packaged() {
                pairs.retain(|pair| !is_of(&pair));
                pairs.push(new);
            }
        }
        // In the order of the file, so that equal settings are equal as text.
        let old = self.pairs();
        let key = |pair: &String| pair.split('=').next().map(str::to_owned);
        pairs.sort_by_key(|pair| old.iter().position(|known| key(known) == key(pair)).unwrap_or(usize::MAX));
        Ok(pairs.join(","))
    }

    fn pairs(&self) -> Vec<String> {
        pairs(&self.environment)
    }
}

/// A value, quoted for Supervisor.
fn quoted(value: &str) -> anyhow::Result<String> {
    // A comment starts after a space, even within quotes.
    let is_comment = [" ;", " #", "\t;", "\t#"].iter().any(|sign| value.contains(sign));
    if is_comment || value.contains('"') || value.chars().any(char::is_control) {
        bail!("Supervisor cannot read the path {value:?}; use a path without quotes, \" ;\" and \" #\"");
    }
    Ok(format!("\"{}\"", value.replace('%', "%%")))
}

/// The user in these files. Fails if they differ.
pub(super) fn user(all: &[Conf]) -> anyhow::Result<&str> {
    let mut users = all.iter().map(|conf| conf.user.as_deref());
    let first = users.next().context("lamp_service and lamp_ui are disabled")?;
    if users.any(|user| user != first) {
        bail!("lamp_service and lamp_ui run as different users");
    }
    first.context("no user is set, so lamp_service and lamp_ui run as root")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lamp_ui(user: &str, environment: &str) -> Conf {
        let packaged = "HOME=\"/home/pi\",KIVY_HOME=\"/home/pi/.kivy\"".to_owned();
        Conf { program: "lamp_ui", user: Some(user.into()), environment: environment.into(), packaged }
    }

    fn account(name: &str, home: &str) -> Account {
        Account { name: name.into(), uid: 1000, gid: 1000, home: home.into() }
    }

    fn environment(lamp_ui: Conf, account: &Account) -> Option<String> {
        let text = conf(&[lamp_ui], account, None).unwrap()?;
        text.lines().find_map(|line| line.strip_prefix("environment=").map(str::to_owned))
    }

    #[test]
    fn generates_a_file_only_for_another_user_or_home() {
        let as_packaged = "HOME=\"/home/pi\",KIVY_HOME=\"/home/pi/.kivy\"";
        for (user, present, account, expected) in [
            ("pi", as_packaged, account("pi", "/home/pi"), None),
            (
                "pi",
                as_packaged,
                account("alice", "/home/alice"),
                Some("HOME=\"/home/alice\",KIVY_HOME=\"/home/alice/.kivy\""),
            ),
            (
                "pi",
                as_packaged,
                account("pi", "/srv/pi"),
                Some("HOME=\"/srv/pi\",KIVY_HOME=\"/srv/pi/.kivy\""),
            ),
            // A changed value stays.
            ("pi", "HOME=\"/mnt\",KIVY_HOME='/k,1'", account("pi", "/home/pi"), None),
            (
                "pi",
                "A=\"1,2\",\n HOME=\"/home/pi\",\n KIVY_HOME=\"/home/pi/.kivy\", B=%(ENV_X)s",
                account("alice", "/100%"),
                Some("A=\"1,2\",HOME=\"/100%%\",KIVY_HOME=\"/100%%/.kivy\",B=%(ENV_X)s"),
            ),
            // A missing variable is not added; the doctor reports it.
            ("alice", "", account("alice", "/a"), None),
            ("pi", "", account("alice", "/a"), Some("HOME=\"/a\",KIVY_HOME=\"/a/.kivy\"")),
        ] {
            let found = environment(lamp_ui(user, present), &account);
            assert_eq!(found.as_deref(), expected, "{user} {present}");
        }
    }

    #[test]
    fn supervisor_reads_the_generated_file() {
        let directory = tempfile::tempdir().unwrap();
        let [own, generated] = ["lamp_ui.conf", "lampi-user.conf"].map(|name| directory.path().join(name));
        let environment = "HOME=\"/home/pi\",KIVY_HOME=\"/home/pi/.kivy\",A=\"x y\"";
        std::fs::write(
            &own,
            format!("[program:lamp_ui]\ncommand=/x\nuser=root\nenvironment={environment}\n"),
        )
        .unwrap();
        let text =
            conf(&[lamp_ui("root", environment)], &account("daemon", "/a b"), Some("/k%1")).unwrap().unwrap();
        std::fs::write(&generated, text).unwrap();
        let report = supervisor_conf::check(&[own, generated], &Host::new("/")).unwrap();
        let program = &report.programs[0];
        assert_eq!(program.user.as_deref(), Some("daemon"));
        let variables: Vec<(&str, &str)> =
            program.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(variables, [("A", "x y"), ("HOME", "/a b"), ("KIVY_HOME", "/k%1")]);
    }

    #[test]
    fn rejects_a_home_that_supervisor_cannot_read() {
        for home in ["/a\"b", "/a\nb", "/a ;b"] {
            assert!(conf(&[lamp_ui("pi", "")], &account("alice", home), None).is_err(), "{home:?}");
        }
    }
}
