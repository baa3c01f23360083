// SPDX-License-Identifier: GPL-3.0-or-later
//! What the Supervisor files of the lamp's own programs say of their user, and the file that says it otherwise.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use programs::user_conf::UserConf;
use programs::{RunsAs, paths, supervised};
use supervisor_conf::pairs::pairs;
use supervisor_conf::{Host, sections};
use system_files::in_root;

use super::account::Account;

/// The variables that the programs find their user's files by.
const HOME: &str = "HOME";
const KIVY_HOME: &str = "KIVY_HOME";

/// An account that exists on every Debian system and owns nothing: the user of programs that are not started.
const NOBODY: &str = "nobody";

/// What the file of one program says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// Its program.
    pub program: &'static str,
    /// `user`; none if it is not set.
    pub user: Option<String>,
    /// `environment` as it is written, but for `%(here)s`.
    environment: String,
    /// The same of the file as it was packaged.
    packaged: String,
}

/// The files of the programs of the lamp's user that Supervisor reads.
pub(super) fn said(root: &Path) -> anyhow::Result<Vec<Said>> {
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
            // A section that is opened twice is mixed.
            let mut mixed = values.next().map(|section| section.values).unwrap_or_default();
            values.for_each(|section| mixed.extend(section.values));
            anyhow::Ok(mixed)
        };
        let mut values = read(conf)?;
        let packaged = in_root(root, format!("{}/{program}.conf", paths::PACKAGED_CONFS));
        let mut packaged = if packaged.is_file() { read(packaged)? } else { values.clone() };
        all.push(Said {
            program: program.name,
            user: values.remove("user").filter(|user| !user.is_empty()),
            environment: values.remove("environment").unwrap_or_default(),
            packaged: packaged.remove("environment").unwrap_or_default(),
        });
    }
    Ok(all)
}

/// The file that has the programs run as `account`; none if their own files do that.
pub(super) fn conf(
    all: &[Said],
    account: &Account,
    kivy_home: Option<&str>,
) -> anyhow::Result<Option<String>> {
    let kivy_home = kivy_home.map_or_else(|| format!("{}/.kivy", account.home), str::to_owned);
    let mut text = UserConf { user: account.name.clone(), is_parked: false }.head();
    let mut is_needed = false;
    for said in all {
        let is_other = said.user.as_ref() != Some(&account.name);
        let environment =
            said.environment_for(&[(HOME, &account.home), (KIVY_HOME, &kivy_home)], is_other)?;
        is_needed |= is_other || environment != said.pairs().join(",");
        let (program, user) = (said.program, &account.name);
        let _ = write!(text, "\n[program:{program}]\nuser={user}\nenvironment={environment}\n");
    }
    Ok(is_needed.then_some(text))
}

/// The file that keeps the programs from being started, because there is no such `user`: Supervisor refuses to start
/// anything for the sake of one unknown user.
pub(super) fn parked(all: &[Said], user: &str) -> String {
    let mut text = UserConf { user: user.to_owned(), is_parked: true }.head();
    for said in all {
        let _ = write!(text, "\n[program:{}]\nuser={NOBODY}\nautostart=false\n", said.program);
    }
    text
}

impl Said {
    /// `environment` with these variables, and all others as they are. Of a variable that the owner has set otherwise than
    /// the package, the owner's value stays, unless the user `is_other`.
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
        // In the order of the file, so that nothing seems changed that is not.
        let old = self.pairs();
        let key = |pair: &String| pair.split('=').next().map(str::to_owned);
        pairs.sort_by_key(|pair| old.iter().position(|known| key(known) == key(pair)).unwrap_or(usize::MAX));
        Ok(pairs.join(","))
    }

    fn pairs(&self) -> Vec<String> {
        pairs(&self.environment)
    }
}

/// A value as Supervisor reads it literally.
fn quoted(value: &str) -> anyhow::Result<String> {
    // A sign of a comment after a blank ends a value even in quotes.
    let is_comment = [" ;", " #", "\t;", "\t#"].iter().any(|sign| value.contains(sign));
    if is_comment || value.contains('"') || value.chars().any(char::is_control) {
        bail!("Supervisor cannot be given the path {value:?}; use one without quotes and comment signs");
    }
    Ok(format!("\"{}\"", value.replace('%', "%%")))
}

/// The user that these files name, if they agree.
pub(super) fn user(all: &[Said]) -> anyhow::Result<&str> {
    let mut users = all.iter().map(|said| said.user.as_deref());
    let first = users.next().context("no program of the lamp's user is enabled")?;
    if users.any(|user| user != first) {
        bail!("the programs of the lamp's user run as different users");
    }
    first.context("no user is set, so the programs run as root")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(user: &str, environment: &str) -> Said {
        let packaged = "HOME=\"/home/pi\",KIVY_HOME=\"/home/pi/.kivy\"".to_owned();
        Said { program: "lamp_ui", user: Some(user.into()), environment: environment.into(), packaged }
    }

    fn account(name: &str, home: &str) -> Account {
        Account { name: name.into(), uid: 1000, gid: 1000, home: home.into() }
    }

    fn environment(said: Said, account: &Account) -> Option<String> {
        let text = conf(&[said], account, None).unwrap()?;
        text.lines().find_map(|line| line.strip_prefix("environment=").map(str::to_owned))
    }

    #[test]
    fn only_what_differs_makes_a_file() {
        let as_packaged = "HOME=\"/home/pi\",KIVY_HOME=\"/home/pi/.kivy\"";
        for (user, environment_said, account, expected) in [
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
            // What the owner has set stays.
            ("pi", "HOME=\"/mnt\",KIVY_HOME='/k,1'", account("pi", "/home/pi"), None),
            (
                "pi",
                "A=\"1,2\",\n HOME=\"/home/pi\",\n KIVY_HOME=\"/home/pi/.kivy\", B=%(ENV_X)s",
                account("alice", "/100%"),
                Some("A=\"1,2\",HOME=\"/100%%\",KIVY_HOME=\"/100%%/.kivy\",B=%(ENV_X)s"),
            ),
            // Nor is added what is missing, which the doctor reports.
            ("alice", "", account("alice", "/a"), None),
            ("pi", "", account("alice", "/a"), Some("HOME=\"/a\",KIVY_HOME=\"/a/.kivy\"")),
        ] {
            let found = environment(said(user, environment_said), &account);
            assert_eq!(found.as_deref(), expected, "{user} {environment_said}");
        }
    }

    #[test]
    fn supervisor_reads_what_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let [own, generated] = ["lamp_ui.conf", "lampi-user.conf"].map(|name| directory.path().join(name));
        let environment = "HOME=\"/home/pi\",KIVY_HOME=\"/home/pi/.kivy\",A=\"x y\"";
        std::fs::write(
            &own,
            format!("[program:lamp_ui]\ncommand=/x\nuser=root\nenvironment={environment}\n"),
        )
        .unwrap();
        let text =
            conf(&[said("root", environment)], &account("daemon", "/a b"), Some("/k%1")).unwrap().unwrap();
        std::fs::write(&generated, text).unwrap();
        let report = supervisor_conf::check(&[own, generated], &Host::new("/")).unwrap();
        let program = &report.programs[0];
        assert_eq!(program.user.as_deref(), Some("daemon"));
        let variables: Vec<(&str, &str)> =
            program.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(variables, [("A", "x y"), ("HOME", "/a b"), ("KIVY_HOME", "/k%1")]);
    }

    #[test]
    fn a_home_that_supervisor_cannot_be_given_is_refused() {
        for home in ["/a\"b", "/a\nb", "/a ;b"] {
            assert!(conf(&[said("pi", "")], &account("alice", home), None).is_err(), "{home:?}");
        }
    }
}
