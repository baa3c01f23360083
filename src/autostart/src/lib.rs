// SPDX-License-Identifier: GPL-3.0-or-later
//! What starts the lamp's programs on a machine besides the package: files of a manual set-up or of other
//! packages, and running processes.
//!
//! [`find`] reads the files of cron, Supervisor, systemd, rc.local, System V's init, sessions, `at` and udev.
//! For each file it reports which programs it starts, in which lines, and what can be done about it. [`take`]
//! does that. [`processes`] finds the lamp's programs among the processes, and [`end`] ends those that
//! conflict with the package's.
//!
//! A program is found where a shell expects the name of a command. `commands` skips commands before it (sudo,
//! env, timeout) and parses scripts; `program` recognises the lamp's programs by their files. What cannot be
//! read is reported as such, and nothing is changed that another user than root could have put there.
//!
//! This crate reads files as cron, systemd, Supervisor and shells do. It does not depend on what the lamp's
//! programs do, prints nothing, never prompts, and changes no file except the one given to [`take`].
//!
//! Not detected: services that another command starts (`systemctl start`), programs that Python and other
//! languages start, and scripts that are called by name.

mod commands;
mod cron;
mod description;
mod error;
mod lines;
mod machine;
pub mod packages;
mod process;
mod program;
mod rc;
mod session;
mod supervisor;
mod systemd;
mod take;

use std::fmt;
use std::path::Path;

use machine::Machine;
use programs::{Program, RunsAs};

pub use error::Error;
pub use process::{Ended, Process, end, holds, processes};
pub use take::{Journal, Taken, groups_of, take};

/// A line that starts a program of the lamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The program.
    pub program: &'static str,
    /// The path of the file on the machine.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}

/// What can be done about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Rename it, so that no program reads it.
    SetAside,
    /// Replace it by one in which the lamp's lines have no effect. A backup is kept.
    Edit {
        /// Its present content.
        from: Vec<u8>,
        /// Its new content.
        to: Vec<u8>,
    },
    /// It is the link that makes systemd start a unit: rename it and stop these units, which are the unit
    /// and, if that is not a service, the service that it starts.
    Disable(Vec<String>),
    /// Only report it; its owner decides.
    Name(Reason),
}

/// Why a file is only reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It belongs to a package.
    Packages,
    /// It is for this user to decide, whoever owns the file.
    Users(String),
    /// The same lines do other things too.
    Whole,
    /// Other files of Supervisor refer to it, and Supervisor would reject all files without it.
    Needed,
    /// It cannot be changed safely, for this reason.
    Unsafe(&'static str),
}

/// The owner of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// This package.
    Package(String),
    /// The administrator: root owns it, and no package.
    Admin,
    /// This user.
    User(String),
}

/// What only root can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// Users' own jobs of cron.
    Crontabs,
    /// Jobs of at.
    AtJobs,
    /// Supervisor's files.
    Supervisor,
}

/// The user that a manual set-up runs the lamp's own programs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunAs {
    /// The user.
    pub user: String,
    /// The directory of Kivy's configuration, if the set-up has one.
    pub kivy_home: Option<String>,
}

/// A file that starts programs of the lamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The path on the machine of the file, or of the link that enables it.
    pub path: String,
    /// What it starts. Empty for the tutorial's exercise, a program of Supervisor that always fails.
    pub starts: Vec<Start>,
    /// Its owner.
    pub owner: Owner,
    /// What can be done about it.
    pub action: Action,
    /// The names in Supervisor of what it starts.
    pub groups: Vec<String>,
    /// The user that it runs `lamp_ui` or `lamp_service` as, if it names one.
    pub run_as: Option<RunAs>,
}

/// What was found on a machine.
#[derive(Debug, Default)]
pub struct Survey {
    /// In this order: cron, Supervisor, systemd, scripts that run at boot, sessions.
    pub found: Vec<Found>,
    /// What only root can read.
    pub unread: Vec<Unread>,
}

/// Finds everything that starts programs of the lamp on the machine whose root is at `root`. Changes nothing.
#[must_use]
pub fn find(root: &Path) -> Survey {
    let machine = Machine::new(root);
    let mut survey = Survey::default();
    cron::find(&machine, &mut survey);
    supervisor::find(&machine, &mut survey);
    systemd::find(&machine, &mut survey);
    rc::find(&machine, &mut survey);
    session::find(&machine, &mut survey);
    // Users' files belong to no package, and there can be any number of them.
    let of_packages =
        survey.found.iter().filter(|found| !matches!(found.action, Action::Name(Reason::Users(_))));
    let packages = machine.packages(of_packages.map(|found| found.path.as_str()));
    for found in &mut survey.found {
        let package = packages.as_ref().and_then(|packages| packages.get(&found.path));
        found.owner = match (package, machine.owner(&found.path)) {
            (Some(package), _) => Owner::Package(package.clone()),
            (None, Some(user)) if user != machine.superuser => Owner::User(machine.user(user)),
            _ => Owner::Admin,
        };
        let unsafe_reason = || take::unsafe_reason(&machine, found);
        match (&found.owner, &found.action) {
            // Only the administrator may change a package's file in /etc.
            (Owner::Package(_), Action::Name(_)) if found.path.starts_with("/etc/") => {}
            (Owner::Package(_), _) => found.action = Action::Name(Reason::Packages),
            (_, Action::Name(_)) => {}
            _ if packages.is_none() => {
                found.action =
                    Action::Name(Reason::Unsafe("dpkg does not report whether it belongs to a package"));
            }
            _ => found.action = unsafe_reason().map_or_else(|| found.action.clone(), Action::Name),
        }
    }
    survey
}

impl fmt::Display for Unread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Crontabs => "the users' cron jobs",
            Self::AtJobs => "the at jobs",
            Self::Supervisor => "Supervisor's files",
        })
    }
}

impl Survey {
    /// Files that can be disabled.
    pub fn to_take(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|found| !matches!(found.action, Action::Name(_)))
    }

    /// The user that the files that can be disabled ran the lamp's own programs as.
    #[must_use]
    pub fn run_as(&self) -> Option<&RunAs> {
        self.to_take().find_map(|found| found.run_as.as_ref())
    }

    fn add(&mut self, found: Found) {
        if !found.starts.is_empty() || !found.groups.is_empty() {
            self.found.push(found);
        }
    }

    fn unread(&mut self, what: Unread) {
        self.unread.push(what);
    }
}

impl Found {
    fn of(path: String, starts: Vec<Start>, action: Action) -> Self {
        Self { path, starts, owner: Owner::Admin, action, groups: Vec::new(), run_as: None }
    }

    /// Sets the user that the file runs the programs as.
    fn with_user(mut self, user: Option<&str>) -> Self {
        let is_own = |program: &&str| {
            Program::supervised(program).is_some_and(|program| program.runs_as == RunsAs::LampUser)
        };
        if self.programs().iter().any(is_own) {
            self.run_as = user.map(|user| RunAs { user: user.to_owned(), kivy_home: None });
        }
        self
    }

    /// The programs that it starts, without duplicates.
    #[must_use]
    pub fn programs(&self) -> Vec<&'static str> {
        let mut programs: Vec<&str> = Vec::new();
        for start in &self.starts {
            if !programs.contains(&start.program) {
                programs.push(start.program);
            }
        }
        programs
    }
}
