// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs of the system that perform steps for the doctor.
//!
//! For a system below a directory they change its files, if they can. What must run on that system itself is
//! left to its owner, and no program in that directory is run.

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

/// How much of a program's output is read, in bytes.
const MOST_OUTPUT: u64 = 1 << 20;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Install a Debian package.
    Install(&'static str),
    /// Finish an interrupted installation.
    ConfigurePackages,
    /// Create a user, with the existing group of that name if there is one.
    AddUser { name: String, has_group: bool },
    /// Add a user to groups. For a user that is not in /etc/passwd, only /etc/group is changed.
    AddToGroups { user: String, groups: Vec<String>, is_in_file: bool },
    /// Start a unit at boot.
    EnableUnit(&'static str),
    /// Start a service.
    StartService(&'static str),
    /// Restart a service.
    RestartService(&'static str),
    /// Delete downloaded package files.
    CleanPackages,
    /// Delete the oldest entries of the systemd journal.
    ShrinkJournal,
    /// Synchronise the clock over the network.
    FollowClocks,
    /// Restart the machine.
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

    /// What to do, in the imperative.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Install(package) => format!("Install the package {package}"),
            Self::ConfigurePackages => "Finish the interrupted installation".into(),
            Self::AddUser { name, .. } => format!("Create the user {}", quoted(name)),
            Self::AddToGroups { user, groups, .. } => {
                format!("Add the user {} to {}", quoted(user), groups.join(" and "))
            }
            Self::EnableUnit(unit) => format!("Enable {unit}, so that it starts at boot"),
            Self::StartService(service) => format!("Start the service {service}"),
            Self::RestartService(service) => format!("Restart the service {service}"),
            Self::CleanPackages => "Delete the package files that apt has downloaded".into(),
            Self::ShrinkJournal => "Delete the oldest entries of the systemd journal, down to 16 MiB".into(),
            Self::FollowClocks => "Enable time synchronisation over the network".into(),
            Self::Reboot => "Restart the machine".into(),
        }
    }

    /// What was done.
    fn done(&self) -> String {
        match self {
            Self::Install(package) => format!("installed {package}"),
            Self::ConfigurePackages => "finished the installation".into(),
            Self::AddUser { name, .. } => format!("created the user {}", quoted(name)),
            Self::AddToGroups { user, groups, .. } => {
                format!("added the user {} to {}", quoted(user), groups.join(" and "))
            }
            Self::EnableUnit(unit) => format!("enabled {unit}"),
            Self::StartService(service) => format!("started {service}"),
            Self::RestartService(service) => format!("restarted {service}"),
            Self::CleanPackages => "deleted the package files".into(),
            Self::ShrinkJournal => "deleted the entries".into(),
            Self::FollowClocks => "enabled time synchronisation".into(),
            Self::Reboot => "the machine restarts".into(),
        }
    }

    /// The words of the command; none if it must run on the system itself, and that is below a directory.
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
            // No installed package may be removed for it.
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

    /// The command line for the owner, if need be on the system itself.
    pub(crate) fn typed(&self, system: &System) -> Option<Typed> {
        if let Self::Install(package) = self {
            return Some(Typed::of_root(format!("apt install {package}")));
        }
        let words: Vec<String> = self.words(system)?.iter().map(|word| quoted(word)).collect();
        Some(Typed::of_root(words.join(" ")))
    }

    /// Runs it. Returns what was done.
    pub(crate) fn run(&self, system: &System) -> anyhow::Result<String> {
        let words = self.words(system).context("this step must run on the machine itself")?;
        if !system.is_this() {
            // The programs follow links.
            for file in ["/etc/passwd", "/etc/group", "/etc/systemd/system"] {
                let place = Place::below(system.root(), file)?;
                if place.path().is_symlink() {
                    bail!("{} is a symbolic link, which lampi does not follow", place.path().display());
                }
            }
        }
        let (program, arguments) = words.split_first().context("no program")?;
        // Not a pipe, because a started service may keep its end open.
        let mut output = File::from(memfd_create(c"output", MFdFlags::MFD_CLOEXEC)?);
        let status = Command::new(program)
            .args(arguments)
            .env("PATH", PATH.join(":"))
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C.UTF-8")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output.try_clone()?)
            .status()
            .with_context(|| format!("cannot run {program}"))?;
        if !status.success() {
            let mut text = Vec::new();
            output.rewind()?;
            output.take(MOST_OUTPUT).read_to_end(&mut text)?;
            let text = String::from_utf8_lossy(&text);
            let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no output");
            let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
            bail!("{} failed ({status}): {}", words.join(" "), visible(last.trim()));
        }
        Ok(self.done())
    }
}
