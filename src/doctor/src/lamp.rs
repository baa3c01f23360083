// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp as its own files describe it: its four programs, their user, and the addresses where they
//! connect.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use autostart::Process;
use programs::lamp_service::settings::Called;
use programs::paths;
use programs::user_conf::{self, UserConf};
use supervisor_conf::{Finding, Host, Program, check};

use super::fix::Action;
use super::system::System;
use supervisor_client::SupervisorError;

/// The lamp, as far as it can be examined without changes.
pub(super) struct Lamp {
    /// Where it is.
    pub system: Rc<System>,
    /// Mistakes in Supervisor's files; `None` if only root may read them.
    pub findings: Option<Vec<Finding>>,
    /// All programs in Supervisor's files, including those of others.
    pub programs: Vec<Program>,
    /// Supervisor.
    pub supervisor: Supervisor,
    /// Processes of the lamp's programs.
    pub processes: Vec<Process>,
    /// The settings of `lamp_service`.
    pub service: Called,
    /// The file that `lampi user` generates; also `None` if only root may read it.
    pub user_conf: Option<UserConf>,
}

/// The state of Supervisor.
pub(super) enum Supervisor {
    /// The system does not run.
    NotAsked,
    /// It responds only to root.
    NeedsRoot,
    /// It does not run.
    Down,
    /// Its response cannot be used, for this reason.
    Unusable(String),
    /// It runs, with the state of each program.
    Up(BTreeMap<String, State>),
}

/// The state of a program, as Supervisor reports it.
pub(super) struct State {
    /// Such as RUNNING.
    pub name: String,
    /// Such as the reason why it could not be started.
    pub description: String,
}

/// What is in place of a program's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConfState {
    /// A file.
    Present,
    /// No file, but `NAME.conf.disabled`: the owner has disabled the program.
    Disabled,
    /// No file, but the one that the removal of the package left.
    Removed,
    /// Nothing.
    Missing,
}

impl Lamp {
    /// Examines the lamp of `system`.
    pub(super) fn new(system: Rc<System>) -> Self {
        let mut host = Host::new(system.root());
        // The main file includes the others, unless it is missing or wrong. No file is read twice.
        let included = system.list_of(paths::CONFS, "conf").into_iter();
        let included = included.map(|name| format!("{}/{name}", paths::CONFS));
        let main = system.exists(paths::SUPERVISOR).then(|| paths::SUPERVISOR.to_owned());
        let files: Vec<PathBuf> = main.into_iter().chain(included).map(|path| system.path(path)).collect();
        // The checker only knows the users in /etc/passwd.
        let mut report = check(&files, &host);
        let of_programs = report.iter().flat_map(|report| &report.programs);
        let users: Vec<String> = of_programs.filter_map(|program| program.user.clone()).collect();
        for user in users {
            if system.account(&user).is_some_and(|account| !account.is_in_file) {
                host = host.with_user(&user);
                report = check(&files, &host);
            }
        }
        let (findings, programs) = match report {
            Ok(report) => (Some(report.findings), report.programs),
            Err(_) => (None, Vec::new()),
        };
        let supervisor = Supervisor::ask(&system);
        let processes = autostart::processes(system.root());
        let user_conf = system.text(user_conf::PATH).ok().and_then(|text| UserConf::parse(&text));
        let mut lamp =
            Self { system, findings, programs, supervisor, processes, service: Called::default(), user_conf };
        let called = lamp.program("lamp_service");
        let (command, environment) =
            called.map(|program| (program.command.clone(), program.environment.clone())).unwrap_or_default();
        // Another check reports what cannot be read.
        let read = |file: &Path| Ok(lamp.system.text(file).unwrap_or_default());
        lamp.service = Called::new(command, environment, read).unwrap_or_default();
        lamp
    }

    /// The names of its programs, in the order in which they start.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        programs::supervised().map(|program| program.name)
    }

    /// What is in place of that file.
    pub(super) fn conf_state(&self, name: &str) -> ConfState {
        let conf = paths::conf(name);
        let is_there = |suffix: &str| self.system.path(format!("{conf}{suffix}")).symlink_metadata().is_ok();
        if is_there("") {
            ConfState::Present
        } else if is_there(".disabled") {
            ConfState::Disabled
        } else if is_there(".lampi-removed") {
            ConfState::Removed
        } else {
            ConfState::Missing
        }
    }

    /// Whether a program is not disabled.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.conf_state(name) != ConfState::Disabled
    }

    /// A program of the lamp, as Supervisor's files describe it.
    pub(super) fn program(&self, name: &str) -> Option<&Program> {
        self.programs.iter().find(|program| program.section == format!("program:{name}"))
    }

    /// The path that is the value of an option in a program's command.
    pub(super) fn path_option(&self, program: &str, option: &str) -> Option<PathBuf> {
        programs::call::option(&self.program(program)?.command, option).map(PathBuf::from)
    }

    /// An environment variable that Supervisor's files set for a program.
    pub(super) fn variable(&self, program: &str, name: &str) -> Option<&str> {
        let value = self.program(program)?.environment.get(name)?;
        (!value.is_empty()).then_some(value.as_str())
    }

    /// The user that runs `lamp_service` and `lamp_ui`.
    pub(super) fn user(&self) -> &str {
        if let Some(conf) = &self.user_conf {
            return &conf.user;
        }
        let said = ["lamp_service", "lamp_ui"].iter().find_map(|name| self.program(name)?.user.as_deref());
        said.unwrap_or(programs::user::NAME)
    }

    /// Whether `lampi user` has disabled the programs of the lamp's user because that user does not exist.
    pub(super) fn is_parked(&self) -> bool {
        self.user_conf.as_ref().is_some_and(|conf| conf.is_parked)
    }

    /// A program's state in Supervisor, if Supervisor responds and has the program.
    pub(super) fn state_of(&self, name: &str) -> Option<&State> {
        match &self.supervisor {
            Supervisor::Up(states) => states.get(name),
            _ => None,
        }
    }

    /// The step that applies a program's file in Supervisor, if Supervisor runs.
    pub(super) fn update(&self, program: &str) -> Option<Action> {
        matches!(self.supervisor, Supervisor::Up(_)).then(|| Action::Update(program.to_owned()))
    }

    /// The step that restarts a program, if Supervisor runs.
    pub(super) fn restart(&self, program: &'static str) -> Option<Action> {
        matches!(self.supervisor, Supervisor::Up(_)).then_some(Action::Restart(program))
    }
}

impl Supervisor {
    fn ask(system: &System) -> Self {
        if !system.runs {
            return Self::NotAsked;
        }
        match supervisor_client::Supervisor::at(system.root()).processes() {
            Ok(processes) => {
                let states = processes.into_iter().map(|process| {
                    (process.name, State { name: process.state, description: process.description })
                });
                Self::Up(states.collect())
            }
            Err(SupervisorError::Forbidden) => Self::NeedsRoot,
            Err(SupervisorError::NotRunning) => Self::Down,
            Err(error) => Self::Unusable(error.to_string()),
        }
    }
}
