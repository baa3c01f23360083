// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs of the system that do for the doctor what they are made for.
//!
//! Of a system that lies below a folder they change the files there, if they can; what they would have to run is left to
//! that system itself. No program of such a folder is run.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use nix::sys::memfd::{MFdFlags, memfd_create};
use system_files::Place;

use super::Command as Typed;
use crate::system::System;
use hardware::leds::PATH;
use runtime::quoting::{quoted, visible};

/// As much as is read of what a program says, in bytes.
const MOST_WORDS: u64 = 1 << 20;

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tool {
    /// apt installs a package of Debian.
    Install(&'static str),
    /// dpkg ends what it has begun.
    ConfigurePackages,
    /// A user is made; where there is a group of the name, it becomes the user's.
    AddUser { name: String, has_group: bool },
    /// A user gets into groups. Of one who is in no file of this machine, only the groups' file is changed.
    AddToGroups { user: String, groups: Vec<String>, is_in_file: bool },
    /// systemd starts a unit at boot.
    EnableUnit(&'static str),
    /// A service of the system is started.
    StartService(&'static str),
    /// A service of the system is started anew.
    RestartService(&'static str),
    /// apt forgets the packages that it has downloaded.
    CleanPackages,
    /// The journal forgets its oldest entries.
    ShrinkJournal,
    /// The clock follows those of the network.
    FollowClocks,
    /// The machine is started anew.
    Reboot,
}

impl Tool {
    /// Its name for programs that read the report.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Install(_) => "install",
            Self::ConfigurePackages => "configure-packages",
            Self::AddUser { .. } => "add-user",
            Self::AddToGroups { .. } => "add-to-groups",
            Self::EnableUnit(_) => "enable-unit",
            Self::StartService(_) => "start-service",
            Self::RestartService(_) => "restart-service",
            Self::CleanPackages => "clean-packages",
            Self::ShrinkJournal => "shrink-journal",
            Self::FollowClocks => "follow-clocks",
            Self::Reboot => "reboot",
        }
    }

    /// What is to be done, in the imperative.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Install(package) => format!("Install the package {package}"),
            Self::ConfigurePackages => "Have dpkg end what it has begun".into(),
            Self::AddUser { name, .. } => format!("Create the user {}", quoted(name)),
            Self::AddToGroups { user, groups, .. } => {
                format!("Add {} to {}", quoted(user), groups.join(" and "))
            }
            Self::EnableUnit(unit) => format!("Have systemd start {unit} at boot"),
            Self::StartService(service) => format!("Start the service {service}"),
            Self::RestartService(service) => format!("Restart the service {service}"),
            Self::CleanPackages => "Remove the packages that apt keeps after their installation".into(),
            Self::ShrinkJournal => "Remove the oldest entries of the journal, down to 16 MiB".into(),
            Self::FollowClocks => "Have the clock follow those of the network".into(),
            Self::Reboot => "Restart the machine".into(),
        }
    }

    /// What was done.
    fn done(&self) -> String {
        match self {
            Self::Install(package) => format!("{package} is installed"),
            Self::ConfigurePackages => "dpkg has ended it".into(),
            Self::AddUser { name, .. } => format!("there is a user {}", quoted(name)),
            Self::AddToGroups { user, groups, .. } => {
                format!("{} belongs to {}", quoted(user), groups.join(" and "))
            }
            Self::EnableUnit(unit) => format!("systemd starts {unit} at boot"),
            Self::StartService(service) | Self::RestartService(service) => format!("{service} is started"),
            Self::CleanPackages => "the packages are removed".into(),
            Self::ShrinkJournal => "the entries are removed".into(),
            Self::FollowClocks => "the clock follows".into(),
            Self::Reboot => "the machine goes down".into(),
        }
    }

    /// The words of the call; none if it is for the system itself, and that lies below a folder.
    pub(crate) fn words(&self, system: &System) -> Option<Vec<String>> {
        let root = system.root().to_string_lossy().into_owned();
        let is_this = system.is_this();
        let words = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
        let below = |option: &str, prefix: &[&str], rest: &[&str]| {
            let mut all = words(prefix);
            if !is_this {
                all.extend([option.to_owned(), root.clone()]);
            }
            all.extend(words(rest));
            Some(all)
        };
        let only_here = |all: &[&str]| is_this.then(|| words(all));
        match self {
            // Nothing that is there may go for it.
            Self::Install(package) => only_here(&["apt-get", "--yes", "--no-remove", "install", package]),
            Self::ConfigurePackages => only_here(&["dpkg", "--configure", "--pending"]),
            Self::AddUser { name, has_group } => {
                let group: &[&str] = if *has_group { &["--gid", name] } else { &["--user-group"] };
                let rest = [&["--create-home", "--shell", "/bin/bash"], group, &["--", name]].concat();
                below("--prefix", &["useradd"], &rest)
            }
            Self::AddToGroups { user, groups, is_in_file } => {
                let list = groups.join(",");
                match is_in_file {
                    true => below("--prefix", &["usermod"], &["--append", "--groups", &list, "--", user]),
                    false => only_here(&["gpasswd", "--add", user, groups.first()?]),
                }
            }
            Self::EnableUnit(unit) => below("--root", &["systemctl"], &["enable", unit]),
            Self::StartService(service) => only_here(&["service", service, "start"]),
            Self::RestartService(service) => only_here(&["service", service, "restart"]),
            Self::CleanPackages => only_here(&["apt-get", "clean"]),
            Self::ShrinkJournal => only_here(&["journalctl", "--vacuum-size=16M"]),
            Self::FollowClocks => only_here(&["timedatectl", "set-ntp", "true"]),
            Self::Reboot => only_here(&["reboot"]),
        }
    }

    /// As a person types it. One that cannot be typed for the system is typed on it.
    pub(crate) fn typed(&self, system: &System) -> Option<Typed> {
        if let Self::Install(package) = self {
            return Some(Typed::of_root(format!("apt install {package}")));
        }
        let words: Vec<String> = self.words(system)?.iter().map(|word| quoted(word)).collect();
        Some(Typed::of_root(words.join(" ")))
    }

    /// Calls it, and says what was done.
    pub(crate) fn run(&self, system: &System) -> anyhow::Result<String> {
        let words = self.words(system).context("this can be done on the machine itself only")?;
        if !system.is_this() {
            // The programs follow links.
            for file in ["/etc/passwd", "/etc/group", "/etc/systemd/system"] {
                let place = Place::below(system.root(), file)?;
                if place.path().is_symlink() {
                    bail!("{} is a link, which is not followed", place.path().display());
                }
            }
        }
        let (program, arguments) = words.split_first().context("no program")?;
        // No pipe: a service that was started may hold its end for ever.
        let mut said = File::from(memfd_create(c"said", MFdFlags::MFD_CLOEXEC)?);
        let status = Command::new(program)
            .args(arguments)
            .env("PATH", PATH.join(":"))
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C.UTF-8")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said.try_clone()?)
            .status()
            .with_context(|| format!("cannot run {program}"))?;
        if !status.success() {
            let mut text = Vec::new();
            said.rewind()?;
            said.take(MOST_WORDS).read_to_end(&mut text)?;
            let text = String::from_utf8_lossy(&text);
            let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing");
            let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
            bail!("{} failed ({status}); its last words are `{}`", words.join(" "), visible(last.trim()));
        }
        Ok(self.done())
    }
}
