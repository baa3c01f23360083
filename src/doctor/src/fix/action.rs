// SPDX-License-Identifier: GPL-3.0-or-later
//! One step of a fix: its sentence and the equivalent command.

use runtime::address::Address;
use system_files::Place;

use super::{Command, Edit, KEPT, Owner, Setting, Theirs, Tool};
use crate::broker;
use crate::system::System;
use programs::Program;
use programs::{paths, user_conf};
use runtime::quoting::quoted;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Set owner and mode of a file in a directory that only root can change.
    SetAccess { path: String, owner: Owner, mode: u32 },
    /// Change the file of a program of the lamp.
    EditConf { program: &'static str, edit: Edit },
    /// Change the settings of `lamp_service`.
    EditSettings { file: String, change: Setting },
    /// Restore the packaged file of a program.
    BringBack(&'static str),
    /// Restore the missing file of a program and start it.
    Enable(&'static str),
    /// Undo the renaming of a program's file by a removal of the package.
    Reinstate(&'static str),
    /// Rename a file so that Supervisor ignores it.
    PutAside(String),
    /// Start a program in Supervisor.
    Start(&'static str),
    /// Restart a program in Supervisor.
    Restart(&'static str),
    /// Apply the file of a program in Supervisor.
    Update(String),
    /// Run a program of the system.
    Run(Tool),
    /// Add the panel's overlay to config.txt.
    AddPanel,
    /// Add the lines of `lampi pwm enable` to config.txt.
    EnablePwm,
    /// Repair a directory or file of a user.
    Set(Theirs),
    /// Empty a log.
    EmptyLog(String),
    /// Delete the retained request from the broker.
    DeleteRequest(Address),
    /// Update the files that `lampi user` generates.
    RefreshUser,
    /// Disable what else starts the lamp's programs.
    TakeOver,
    /// What only the owner can do or decide.
    ByHand { sentence: String, command: Option<Command> },
}

impl Action {
    /// Its name for programs that read the report.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::SetAccess { .. } => "set-access",
            Self::EditConf { .. } => "edit-conf",
            Self::EditSettings { .. } => "edit-settings",
            Self::BringBack(_) => "bring-back",
            Self::Enable(_) => "enable",
            Self::Reinstate(_) => "reinstate",
            Self::PutAside(_) => "put-aside",
            Self::Start(_) => "start",
            Self::Restart(_) => "restart",
            Self::Update(_) => "update",
            Self::Run(tool) => tool.name(),
            Self::AddPanel => "add-panel",
            Self::EnablePwm => "enable-pwm",
            Self::Set(theirs) => theirs.name(),
            Self::EmptyLog(_) => "empty-log",
            Self::DeleteRequest(_) => "forget-request",
            Self::RefreshUser => "refresh-user",
            Self::TakeOver => "take-over",
            Self::ByHand { .. } => "by-hand",
        }
    }

    /// What to do, in the imperative.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::SetAccess { path, owner, mode } => {
                format!("Set the owner of {} to {owner} and its mode to {mode:04o}", quoted(path))
            }
            Self::EditConf { program, edit } => edit.sentence(program),
            Self::EditSettings { file, change } => change.sentence(file),
            Self::BringBack(program) => {
                format!(
                    "Restore the packaged {}, and keep a backup of the present file",
                    paths::conf(program)
                )
            }
            Self::Enable(program) => {
                format!("Restore the packaged {}, and start {program}", paths::conf(program))
            }
            Self::Reinstate(program) => {
                format!("Rename {program}.conf.lampi-removed back to {}", paths::conf(program))
            }
            Self::PutAside(path) => {
                format!("Rename {}, appending .{KEPT}, so that Supervisor ignores it", quoted(path))
            }
            Self::Start(program) => format!("Start {program}"),
            Self::Restart(program) => format!("Restart {program}"),
            Self::Update(program) => {
                format!("Apply the file of {} in Supervisor", quoted(program))
            }
            Self::Run(tool) => tool.sentence(),
            Self::AddPanel => {
                "Add the panel's overlay to config.txt, and keep a backup; on a lamp without a panel, run \
                 instead: lampi disable fbcp lamp_ui"
                    .into()
            }
            Self::EnablePwm => "Add lines to config.txt so that the kernel drives the LEDs".into(),
            Self::Set(theirs) => theirs.sentence(),
            Self::EmptyLog(path) => format!("Empty {}", quoted(path)),
            Self::DeleteRequest(address) => {
                format!("Delete the retained request from the broker at {}", quoted(&address.to_string()))
            }
            Self::RefreshUser => format!("Update {}", user_conf::PATH),
            Self::TakeOver => "Disable what else starts the lamp's programs".into(),
            Self::ByHand { sentence, .. } => sentence.clone(),
        }
    }

    /// The equivalent command, if there is a plain one.
    pub(crate) fn command(&self, system: &System) -> Option<Command> {
        let root = if system.is_this() {
            String::new()
        } else {
            format!(" --root {}", quoted(&system.root().to_string_lossy()))
        };
        let lampi = |words: &str| Some(Command::of_root(format!("lampi {words}{root}")));
        match self {
            Self::SetAccess { path, owner, mode } => {
                // chown follows links, so nobody else may be able to make one there.
                let place = Place::below(system.root(), path).ok()?;
                if place.path().is_symlink() {
                    return None;
                }
                let path = quoted(&system.path(path).to_string_lossy());
                let owner = if system.is_this() {
                    format!("{}:{}", quoted(&owner.user_name), quoted(&owner.group_name))
                } else {
                    format!("{}:{}", owner.user, owner.group)
                };
                let sudo = if system.is_root { "" } else { "sudo " };
                Some(Command::of_root(format!("chown {owner} {path} && {sudo}chmod {mode:04o} {path}")))
            }
            Self::Enable(program) => lampi(&format!("enable {program}")),
            Self::Start(program) => lampi(&format!("start {program}")),
            Self::Restart(program) => lampi(&format!("restart {program}")),
            Self::Update(name) => Program::supervised(name).and_then(|_| lampi(&format!("update {name}"))),
            Self::EnablePwm => lampi("pwm enable"),
            Self::RefreshUser => lampi("user --refresh"),
            Self::TakeOver => lampi("take-over"),
            Self::Run(tool) => tool.typed(system),
            // mosquitto_pub accepts a password only on its command line.
            Self::DeleteRequest(address)
                if system.exists("/usr/bin/mosquitto_pub") && broker::is_anonymous(address, system) =>
            {
                let (host, port) = (quoted(&address.host), address.port);
                let topic = lamp::topic::SET_CONFIG;
                Some(Command::of_anybody(format!("mosquitto_pub -h {host} -p {port} -r -n -t {topic}")))
            }
            Self::ByHand { command, .. } => command.clone(),
            // As a command, these would do more or follow a link.
            _ => None,
        }
    }
}
