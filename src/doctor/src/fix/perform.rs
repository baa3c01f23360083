// SPDX-License-Identifier: GPL-3.0-or-later
//! The steps of a fix, as lampi takes them. Of files in folders that root alone can change; what belongs to the lamp's user is
//! in [`super::theirs`].

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use system_files::{Access, Place, ROOT_ONLY, User, as_user};

use super::{Action, Commands, Edit, KEPT, Owner, panel};
use crate::system::System;
use crate::{broker, packages};
use programs::Program;
use programs::{paths, user_conf};
use runtime::quoting::quoted;
use supervisor_client::{Supervisor, Update};
use system_files::dpkg;

impl Action {
    /// Does it, and says what was done.
    pub(crate) fn perform(&self, system: &System, commands: &dyn Commands) -> anyhow::Result<String> {
        match self {
            Self::SetAccess { path, owner, mode } => set_access(system, path, owner, *mode),
            Self::EditConf { program, edit } => edit_conf(system, program, edit),
            Self::EditSettings { file, change } => change.perform(system, file),
            Self::BringBack(program) => bring_back(system, program),
            Self::Enable(name) => {
                commands.enable(program(name)?, system.root()).map_err(|error| anyhow!(error))?;
                Ok(format!("{name} is enabled"))
            }
            Self::Reinstate(program) => {
                let conf = place(system, &paths::conf(program))?;
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
                let shown = quoted(program);
                Ok(match Supervisor::at(system.root()).update(program)? {
                    Update::Added => format!("{shown} is started"),
                    Update::Changed => format!("{shown} is started anew"),
                    Update::Removed => format!("{shown} is stopped"),
                    Update::Same => format!("Supervisor knows the file of {shown} as it is"),
                })
            }
            Self::Run(tool) => tool.run(system),
            Self::AddPanel => panel::add(system),
            Self::EnablePwm => {
                commands.enable_pwm(system.root()).map_err(|error| anyhow!(error))?;
                Ok("config.txt has the lines".into())
            }
            Self::Set(theirs) => theirs.perform(system),
            Self::EmptyLog(path) => empty_log(system, path),
            Self::ForgetRequest(address) => {
                broker::forget(address, system)?;
                Ok("the broker keeps no request any more".into())
            }
            Self::RefreshUser => {
                commands.refresh_user(system.root()).map_err(|error| anyhow!(error))?;
                Ok(format!("{} is up to date", user_conf::PATH))
            }
            Self::TakeOver => {
                commands.take_over(system.root()).map_err(|error| anyhow!(error))?;
                Ok("the package alone starts the lamp's programs".into())
            }
            Self::ByHand { .. } => bail!("only a person can do this"),
        }
    }
}

/// Where an edit goes.
fn place(system: &System, path: &str) -> Result<Place, system_files::Error> {
    Place::below(system.root(), path)
}

fn program(name: &str) -> anyhow::Result<Program> {
    Program::supervised(name).copied().context("no program of the lamp")
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
    let conf = place(system, &paths::conf(program))?;
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
    let path = paths::conf(program);
    let packaged = place(system, &format!("{}/{program}.conf", paths::PACKAGED_CONFS))?;
    let content = packaged.read()?.with_context(|| {
        format!("there is no {}; install the package lampi again", packaged.path().display())
    })?;
    let conf = place(system, &path)?;
    let kept = if conf.exists()? { Some(conf.back_up(KEPT)?) } else { None };
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
