// SPDX-License-Identifier: GPL-3.0-or-later
//! One step of a fix: what it is called, and the command that does the same.

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
    /// Set owner and mode of a file in a folder that only root can change.
    SetAccess { path: String, owner: Owner, mode: u32 },
    /// Change what the file of a program of the lamp says.
    EditConf { program: &'static str, edit: Edit },
    /// Change what the settings of `lamp_service` say.
    EditSettings { file: String, change: Setting },
    /// Put the file of a program back as it was packaged.
    BringBack(&'static str),
    /// Have a program run whose file is missing.
    Enable(&'static str),
    /// Give a program's file back the name that the removal of the package took.
    Reinstate(&'static str),
    /// Give a file of Supervisor's a name under which it is not read.
    PutAside(String),
    /// Have Supervisor start a program.
    Start(&'static str),
    /// Have Supervisor start a program anew.
    Restart(&'static str),
    /// Have Supervisor follow its file of a program.
    Update(String),
    /// Call a program of the system.
    Run(Tool),
    /// Add the panel's overlay to config.txt.
    AddPanel,
    /// Add the lines of `lampi pwm enable` to config.txt.
    EnablePwm,
    /// Set right what belongs to a user.
    Set(Theirs),
    /// Take all content from a log.
    EmptyLog(String),
    /// Have the broker forget the request that it keeps.
    ForgetRequest(Address),
    /// Bring up to date what `lampi user` has generated.
    RefreshUser,
    /// Put out of action what else starts the lamp's programs.
    TakeOver,
    /// What only a person can do or decide.
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
            Self::ForgetRequest(_) => "forget-request",
            Self::RefreshUser => "refresh-user",
            Self::TakeOver => "take-over",
            Self::ByHand { .. } => "by-hand",
        }
    }

    /// What is to be done, in the imperative.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::SetAccess { path, owner, mode } => {
                format!("Give {} to {owner}, with the mode {mode:04o}", quoted(path))
            }
            Self::EditConf { program, edit } => edit.sentence(program),
            Self::EditSettings { file, change } => change.sentence(file),
            Self::BringBack(program) => {
                format!(
                    "Put {} back as the package brought it, and keep the present one",
                    paths::conf(program)
                )
            }
            Self::Enable(program) => {
                format!("Bring {} back as the package brought it, and start {program}", paths::conf(program))
            }
            Self::Reinstate(program) => format!("Give {} its name back", paths::conf(program)),
            Self::PutAside(path) => {
                format!(
                    "Give {} a name that ends in .{KEPT}, so that Supervisor does not read it",
                    quoted(path)
                )
            }
            Self::Start(program) => format!("Start {program}"),
            Self::Restart(program) => format!("Restart {program}"),
            Self::Update(program) => {
                format!("Have Supervisor follow the file of {}", quoted(program))
            }
            Self::Run(tool) => tool.sentence(),
            Self::AddPanel => "Add the panel's overlay to config.txt, and keep the former file; on a lamp without a panel, run \
                               this instead: lampi disable fbcp lamp_ui"
                .into(),
            Self::EnablePwm => "Have the kernel drive the LEDs, by lines in config.txt".into(),
            Self::Set(theirs) => theirs.sentence(),
            Self::EmptyLog(path) => format!("Empty {}", quoted(path)),
            Self::ForgetRequest(address) => {
                format!("Have the broker at {} forget the request", quoted(&address.to_string()))
            }
            Self::RefreshUser => format!("Bring {} up to date", user_conf::PATH),
            Self::TakeOver => "Put out of action what else starts the lamp's programs".into(),
            Self::ByHand { sentence, .. } => sentence.clone(),
        }
    }

    /// The command that does the same, if there is a plain one.
    pub(crate) fn command(&self, system: &System) -> Option<Command> {
        let root = if system.is_this() {
            String::new()
        } else {
            format!(" --root {}", quoted(&system.root().to_string_lossy()))
        };
        let lampi = |words: &str| Some(Command::of_root(format!("lampi {words}{root}")));
        match self {
            Self::SetAccess { path, owner, mode } => {
                // Typed by hand it follows links, so that nobody else may be able to make one.
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
            // It takes a password on its command line only.
            Self::ForgetRequest(address)
                if system.exists("/usr/bin/mosquitto_pub") && broker::is_anonymous(address, system) =>
            {
                let (host, port) = (quoted(&address.host), address.port);
                let topic = lamp::topic::SET_CONFIG;
                Some(Command::of_anybody(format!("mosquitto_pub -h {host} -p {port} -r -n -t {topic}")))
            }
            Self::ByHand { command, .. } => command.clone(),
            // Typed by hand, these would do more, or follow a link.
            _ => None,
        }
    }
}
