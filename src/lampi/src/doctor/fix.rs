// SPDX-License-Identifier: GPL-3.0-or-later
//! What removes the cause of a finding: steps that lampi takes itself, or leaves to a person.
//!
//! Each step is one sentence in the imperative. Where a plain command does the same as lampi, it has that command too. When
//! it was taken it says what it did, and where the former file is. The law for all of them is in docs/security.md: no
//! protection is weakened, no link of another user followed, no copy overwritten, no file of a package changed, and no unit
//! touched but the one that is named.

mod conf;
mod panel;
mod settings;
mod theirs;
mod tool;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, bail};
use system_files::{Access, Place, ROOT_ONLY, User, as_user};

use super::lamp::Lamp;
use super::packages;
use super::system::System;
use super::words::quoted;
use crate::cli::{Program, ProgramOrder, PwmAction, PwmOrder};
use crate::supervisor::{Supervisor, Update};
use crate::{dpkg, pwm, switch};
pub use conf::Edit;
pub use panel::{Panel, panel};
pub use settings::Setting;
pub use theirs::{Content, Owner, Theirs};
pub use tool::Tool;

/// Folder of Supervisor's files as they were packaged.
const PACKAGED: &str = "/usr/share/lampi/conf.d";

/// What the name of a file that is kept ends in; the package itself keeps what is in its way under such names.
const KEPT: &str = "dpkg-bak";

/// Steps of which each needs the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    steps: Vec<Action>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Set owner and mode of a file in a folder that only root can change.
    SetAccess { path: String, owner: Owner, mode: u32 },
    /// Change what the file of a program of the lamp says.
    EditConf { program: &'static str, edit: Edit },
    /// Change what the settings of `lamp_service` say.
    EditSettings(Setting),
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
    ForgetRequest(program::address::Address),
    /// Put out of action what else starts the lamp's programs.
    TakeOver,
    /// What only a person can do or decide.
    ByHand { sentence: String, command: Option<Command> },
}

/// A command as a person types it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    line: String,
    by_root: bool,
}

impl Command {
    /// One that only root may give.
    pub fn of_root(line: impl Into<String>) -> Self {
        Self { line: line.into(), by_root: true }
    }

    /// One that anybody may give.
    pub fn of_anybody(line: impl Into<String>) -> Self {
        Self { line: line.into(), by_root: false }
    }

    /// As whoever called us has to type it.
    pub fn typed(&self, system: &System) -> String {
        let sudo = if self.by_root && !system.is_root { "sudo " } else { "" };
        format!("{sudo}{}", self.line)
    }
}

impl From<Action> for Fix {
    fn from(action: Action) -> Self {
        Self { steps: vec![action] }
    }
}

impl Fix {
    /// What only a person can do.
    pub fn by_hand(sentence: impl Into<String>) -> Self {
        Action::ByHand { sentence: sentence.into(), command: None }.into()
    }

    /// What only a person can do, by this command.
    pub fn by_command(sentence: impl Into<String>, command: Command) -> Self {
        Action::ByHand { sentence: sentence.into(), command: Some(command) }.into()
    }

    /// With one more step at its end, if there is one.
    pub fn then(mut self, next: impl IntoIterator<Item = Action>) -> Self {
        self.steps.extend(next);
        self
    }

    /// Its steps.
    pub fn steps(&self) -> &[Action] {
        &self.steps
    }

    /// Whether lampi can take its steps itself. A machine that lies below a folder is started by somebody else.
    pub fn is_for_lampi(&self, system: &System) -> bool {
        let is_reboot = |step: &Action| *step == Action::Run(Tool::Reboot);
        let can = |step: &Action| match step {
            Action::ByHand { .. } | Action::TakeOver => false,
            Action::Run(tool) => is_reboot(step) || tool.words(system).is_some(),
            _ => true,
        };
        self.steps.iter().all(can) && (system.is_this() || !self.steps.iter().all(is_reboot))
    }
}

/// Where an edit goes.
fn place(system: &System, path: &str) -> anyhow::Result<Place> {
    Place::below(system.root(), path)
}

fn program(name: &str) -> anyhow::Result<Program> {
    Program::ALL.into_iter().find(|known| known.name() == name).context("no program of the lamp")
}

impl Action {
    /// Its name for programs that read the report.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SetAccess { .. } => "set-access",
            Self::EditConf { .. } => "edit-conf",
            Self::EditSettings(_) => "edit-settings",
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
            Self::TakeOver => "take-over",
            Self::ByHand { .. } => "by-hand",
        }
    }

    /// What is to be done, in the imperative.
    pub fn sentence(&self) -> String {
        match self {
            Self::SetAccess { path, owner, mode } => {
                format!("Give {} to {owner}, with the mode {mode:04o}", quoted(path))
            }
            Self::EditConf { program, edit } => edit.sentence(program),
            Self::EditSettings(setting) => setting.sentence(),
            Self::BringBack(program) => {
                format!(
                    "Put {} back as the package brought it, and keep the present one",
                    Lamp::conf(program)
                )
            }
            Self::Enable(program) => {
                format!("Bring {} back as the package brought it, and start {program}", Lamp::conf(program))
            }
            Self::Reinstate(program) => format!("Give {} its name back", Lamp::conf(program)),
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
            Self::AddPanel => "Add the panel's overlay to config.txt, and keep the former file".into(),
            Self::EnablePwm => "Have the kernel drive the LEDs, by lines in config.txt".into(),
            Self::Set(theirs) => theirs.sentence(),
            Self::EmptyLog(path) => format!("Empty {}", quoted(path)),
            Self::ForgetRequest(address) => {
                format!("Have the broker at {} forget the request", quoted(&address.to_string()))
            }
            Self::TakeOver => "Put out of action what else starts the lamp's programs".into(),
            Self::ByHand { sentence, .. } => sentence.clone(),
        }
    }

    /// The command that does the same, if there is a plain one.
    pub fn command(&self, system: &System) -> Option<Command> {
        let root = if system.is_this() {
            String::new()
        } else {
            format!(" --root {}", quoted(&system.root().to_string_lossy()))
        };
        let lampi = |words: &str| Some(Command::of_root(format!("lampi {words}{root}")));
        match self {
            Self::SetAccess { path, owner, mode } => {
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
            Self::Update(name) => program(name).ok().and_then(|_| lampi(&format!("update {name}"))),
            Self::EnablePwm => lampi("pwm enable"),
            Self::TakeOver => Some(Command::of_root("lampi take-over")),
            Self::Run(tool) => tool.typed(system),
            Self::ForgetRequest(address) if system.exists("/usr/bin/mosquitto_pub") => {
                let (host, port) = (quoted(&address.host), address.port);
                let topic = lamp::topic::SET_CONFIG;
                Some(Command::of_anybody(format!("mosquitto_pub -h {host} -p {port} -r -n -t {topic}")))
            }
            Self::ByHand { command, .. } => command.clone(),
            // Typed by hand, these would do more, or follow a link.
            _ => None,
        }
    }

    /// Does it, and says what was done.
    pub fn perform(&self, system: &System) -> anyhow::Result<String> {
        match self {
            Self::SetAccess { path, owner, mode } => set_access(system, path, owner, *mode),
            Self::EditConf { program, edit } => edit_conf(system, program, edit),
            Self::EditSettings(setting) => setting.perform(system),
            Self::BringBack(program) => bring_back(system, program),
            Self::Enable(name) => {
                let order = ProgramOrder { program: program(name)?, root: system.root().to_owned() };
                switch::enable(&order)?;
                Ok(format!("{name} is enabled"))
            }
            Self::Reinstate(program) => {
                let conf = place(system, &Lamp::conf(program))?;
                conf.beside(format!("{program}.conf.lampi-removed"))?.rename_new(&conf)?;
                Ok(format!("{} is there again", shown(system, &conf)))
            }
            Self::PutAside(path) => {
                packages::must_be_nobodys(system, path)?;
                let kept = place(system, path)?.put_aside(KEPT)?;
                Ok(format!("it is kept as {}", system.shown(&kept)))
            }
            Self::Start(program) => {
                Supervisor::at(system.root()).start(program)?;
                Ok(format!("{program} is started"))
            }
            Self::Restart(program) => {
                Supervisor::at(system.root()).restart(program)?;
                Ok(format!("{program} is started anew"))
            }
            Self::Update(program) => {
                let program = quoted(program);
                Ok(match Supervisor::at(system.root()).update(&program)? {
                    Update::Added => format!("{program} is started"),
                    Update::Changed => format!("{program} is started anew"),
                    Update::Removed => format!("{program} is stopped"),
                    Update::Same => format!("Supervisor knows the file of {program} as it is"),
                })
            }
            Self::Run(tool) => tool.run(system),
            Self::AddPanel => panel::add(system),
            Self::EnablePwm => {
                let order = PwmOrder { action: PwmAction::Enable, root: system.root().to_owned() };
                pwm::run(&order)?;
                Ok("config.txt has the lines".into())
            }
            Self::Set(theirs) => theirs.perform(system),
            Self::EmptyLog(path) => empty_log(system, path),
            Self::ForgetRequest(address) => {
                super::broker::forget(address)?;
                Ok("the broker keeps no request any more".into())
            }
            Self::TakeOver | Self::ByHand { .. } => bail!("only a person can do this"),
        }
    }
}

/// The path of a place, as the system itself calls it.
fn shown(system: &System, place: &Place) -> String {
    quoted(&system.shown(place.path()))
}

fn set_access(system: &System, path: &str, owner: &Owner, mode: u32) -> anyhow::Result<String> {
    let place = place(system, path)?;
    place.set_access(Access { user: owner.user, group: owner.group, mode })?;
    Ok(format!("{} has the mode {mode:04o}, and belongs to {owner}", shown(system, &place)))
}

fn edit_conf(system: &System, program: &str, edit: &Edit) -> anyhow::Result<String> {
    let conf = place(system, &Lamp::conf(program))?;
    let path = shown(system, &conf);
    let found = conf.read()?.with_context(|| format!("there is no {path}"))?;
    let text = std::str::from_utf8(&found.content).with_context(|| format!("{path} is no text"))?;
    let new =
        edit.applied(text, program).with_context(|| format!("{path} has no such line; edit it by hand"))?;
    if new == text {
        return Ok(format!("{path} says so already"));
    }
    let kept = conf.replace(&found, new.as_bytes(), KEPT)?;
    Ok(format!("{path} is changed; the former one is kept as {}", system.shown(&kept)))
}

fn bring_back(system: &System, program: &str) -> anyhow::Result<String> {
    let path = Lamp::conf(program);
    let packaged = place(system, &format!("{PACKAGED}/{program}.conf"))?;
    let content = packaged.read()?.with_context(|| {
        format!("there is no {}; install the package lampi again", packaged.path().display())
    })?;
    let conf = place(system, &path)?;
    let kept = if conf.exists()? { Some(conf.keep(KEPT)?) } else { None };
    let access = if let Some((user, group, mode)) = dpkg::overridden(system.root(), &path) {
        let owner = Owner::named(system, &user, &group)?;
        Access { user: owner.user, group: owner.group, mode }
    } else {
        let (user, group) = system.superuser();
        Access { user, group, ..ROOT_ONLY }
    };
    conf.write(&content.content, access)?;
    let kept = kept.map(|kept| format!("; the former one is kept as {}", system.shown(&kept)));
    Ok(format!("{path} is as the package brought it{}", kept.unwrap_or_default()))
}

/// Of a folder that is not root's, its owner may empty the logs: with no more than the owner's rights.
fn empty_log(system: &System, path: &str) -> anyhow::Result<String> {
    let folder = system.path(Path::new(path).parent().unwrap_or(Path::new("/")));
    let metadata =
        fs::symlink_metadata(&folder).with_context(|| format!("cannot look at {}", folder.display()))?;
    let empty = || place(system, path)?.empty();
    let of_folder = User { user: metadata.uid(), group: metadata.gid() };
    if of_folder.user == system.superuser().0 || !system.is_root {
        empty()?;
    } else {
        as_user(of_folder, empty)??;
    }
    Ok(format!("{} is empty", quoted(path)))
}
