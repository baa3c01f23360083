// SPDX-License-Identifier: GPL-3.0-or-later
//! What starts the lamp's programs on a machine beside its package: files that people wrote by hand, or that other packages
//! brought, and processes that run already.
//!
//! [`find`] reads cron, Supervisor, systemd, rc.local, System V's init, sessions, `at` and udev, and says of each file which
//! programs it starts, in which lines, and what may be done about it. [`take`] does that. [`processes`] knows the lamp's
//! programs among the processes, and [`end`] ends those that the package's own cannot run beside.
//!
//! A program counts where the name of a command can stand: `commands` sees through what is called before it (sudo, env,
//! timeout) and reads scripts, `program` knows the lamp's programs by their files. Nothing here is written for one shape
//! of a file: what cannot be read is named as such, and nothing is changed that anybody but root could have put there.
//!
//! It knows how cron, systemd, Supervisor and shells read their files. It never knows what a program of the lamp does, prints
//! nothing, asks nobody, and changes no file but the one that [`take`] is given.
//!
//! Not looked into: what another command asks of a service (`systemctl start`), programs of Python and other languages that
//! start one in their turn, and scripts that are called by name.

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
    /// The file, as the machine calls it.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}

/// What may be done about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is kept under another name, which nobody reads.
    SetAside,
    /// It is replaced by one in which the lines of the lamp do nothing. The former one is kept.
    Edit {
        /// What is in it now.
        from: Vec<u8>,
        /// What will be.
        to: Vec<u8>,
    },
    /// It is the link by which systemd starts a unit; it is kept under another name, and these units are stopped: the one,
    /// and the service that it starts, if it is none itself.
    Disable(Vec<String>),
    /// It is named, and its owner decides.
    Name(Reason),
}

/// Why a file is only named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A package brought it.
    Packages,
    /// It is this user's affair, whoever owns the file.
    Users(String),
    /// It does other things in the same lines.
    Whole,
    /// Other files of Supervisor's name what would go, and Supervisor would refuse them all without it.
    Needed,
    /// It cannot be changed safely; the words say why.
    Unsafe(&'static str),
}

/// Whose a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// This package's.
    Package(String),
    /// The admin's: root has it, and no package does.
    Admin,
    /// This user's.
    User(String),
}

/// What could not be looked at, because only root may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// Users' own jobs of cron.
    Crontabs,
    /// Jobs of at.
    AtJobs,
    /// Supervisor's files.
    Supervisor,
}

/// As whom a set-up by hand runs the lamp's own programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunAs {
    /// The user.
    pub user: String,
    /// The directory of Kivy's configuration, if the set-up names one.
    pub kivy_home: Option<String>,
}

/// A file that starts programs of the lamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The file, or the link that makes another one count, as the machine calls it.
    pub path: String,
    /// What it starts. None for the tutorial's exercise, which is Supervisor's and always fails.
    pub starts: Vec<Start>,
    /// Whose it is.
    pub owner: Owner,
    /// What may be done about it.
    pub action: Action,
    /// The names under which Supervisor knows what it starts.
    pub groups: Vec<String>,
    /// As whom it runs `lamp_ui` or `lamp_service`, if it says so.
    pub run_as: Option<RunAs>,
}

/// What was found on a machine.
#[derive(Debug, Default)]
pub struct Survey {
    /// In the order in which it is read: cron, Supervisor, systemd, scripts of the boot, sessions.
    pub found: Vec<Found>,
    /// What only root can read.
    pub unread: Vec<Unread>,
}

/// Looks for everything that starts programs of the lamp on the machine whose root is at `root`. Nothing is changed.
#[must_use]
pub fn find(root: &Path) -> Survey {
    let machine = Machine::new(root);
    let mut survey = Survey::default();
    cron::find(&machine, &mut survey);
    supervisor::find(&machine, &mut survey);
    systemd::find(&machine, &mut survey);
    rc::find(&machine, &mut survey);
    session::find(&machine, &mut survey);
    // What is a user's affair no package brought, and there can be any number of it.
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
            // Its admin may change a package's file in /etc, and only the admin.
            (Owner::Package(_), Action::Name(_)) if found.path.starts_with("/etc/") => {}
            (Owner::Package(_), _) => found.action = Action::Name(Reason::Packages),
            (_, Action::Name(_)) => {}
            _ if packages.is_none() => {
                found.action = Action::Name(Reason::Unsafe("dpkg does not say whether a package brought it"));
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
            Self::AtJobs => "the jobs of at",
            Self::Supervisor => "what is in Supervisor's files",
        })
    }
}

impl Survey {
    /// Files that can be taken out of action.
    pub fn to_take(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|found| !matches!(found.action, Action::Name(_)))
    }

    /// As whom the lamp's own programs were run by what can be taken out of action.
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

    /// The same file, which runs what it starts as this user.
    fn with_user(mut self, user: Option<&str>) -> Self {
        let is_own = |program: &&str| {
            Program::supervised(program).is_some_and(|program| program.runs_as == RunsAs::LampUser)
        };
        if self.programs().iter().any(is_own) {
            self.run_as = user.map(|user| RunAs { user: user.to_owned(), kivy_home: None });
        }
        self
    }

    /// The programs that it starts, each once.
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
