// SPDX-License-Identifier: GPL-3.0-or-later
//! Performs the steps of a fix, on files in directories that only root can change. [`super::theirs`] handles
//! the files of the lamp's user.

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
    /// Performs the step. Returns what was done.
    pub(crate) fn perform(&self, system: &System, commands: &dyn Commands) -> anyhow::Result<String> {
        match self {
            Self::SetAccess { path, owner, mode } => set_access(system, path, owner, *mode),
            Self::EditConf { program, edit } => edit_conf(system, program, edit),
            Self::EditSettings { file, change } => change.perform(system, file),
            Self::BringBack(program) => bring_back(system, program),
            Self::Enable(name) => {
                commands.enable(program(name)?, system.root()).map_err(|error| anyhow!(error))?;
                Ok(format!("enabled {name}"))
            }
            Self::Reinstate(program) => {
                let conf = place(system, &paths::conf(program))?;
                conf.beside(format!("{program}.conf.lampi-removed"))?.rename_new(&conf)?;
                Ok(format!("restored {}", shown(system, &conf)))
            }
            Self::PutAside(path) => {
                packages::must_be_unpackaged(system, path)?;
                let kept = place(system, path)?.put_aside(KEPT)?;
                Ok(format!("renamed {} to {}", quoted(path), system.shown(&kept)))
            }
            Self::Start(program) => {
                Supervisor::at(system.root()).start(program)?;
                Ok(format!("started {program}"))
            }
            Self::Restart(program) => {
                Supervisor::at(system.root()).restart(program)?;
                Ok(format!("restarted {program}"))
            }
            Self::Update(program) => {
                let shown = quoted(program);
                Ok(match Supervisor::at(system.root()).update(program)? {
                    Update::Added => format!("started {shown}"),
                    Update::Changed => format!("restarted {shown}"),
                    Update::Removed => format!("stopped {shown}"),
                    Update::Same => format!("the file of {shown} is already applied in Supervisor"),
                })
            }
            Self::Run(tool) => tool.run(system),
            Self::AddPanel => panel::add(system),
            Self::EnablePwm => {
                commands.enable_pwm(system.root()).map_err(|error| anyhow!(error))?;
                Ok("added the lines to config.txt".into())
            }
            Self::Set(theirs) => theirs.perform(system),
            Self::EmptyLog(path) => empty_log(system, path),
            Self::DeleteRequest(address) => {
                broker::delete_request(address, system)?;
                Ok("deleted the retained request".into())
            }
            Self::RefreshUser => {
                commands.refresh_user(system.root()).map_err(|error| anyhow!(error))?;
                Ok(format!("updated {}", user_conf::PATH))
            }
            Self::TakeOver => {
                commands.take_over(system.root()).map_err(|error| anyhow!(error))?;
                Ok("disabled what else started the lamp's programs".into())
            }
            Self::ByHand { .. } => bail!("only the owner can do this"),
        }
    }
}

fn place(system: &System, path: &str) -> Result<Place, system_files::Error> {
    Place::below(system.root(), path)
}

fn program(name: &str) -> anyhow::Result<Program> {
    Program::supervised(name).copied().with_context(|| format!("{name} is not a program of the lamp"))
}

/// The path of a place within the system.
fn shown(system: &System, place: &Place) -> String {
    quoted(&system.shown(place.path()))
}

fn set_access(system: &System, path: &str, owner: &Owner, mode: u32) -> anyhow::Result<String> {
    let place = place(system, path)?;
    place.set_access(Access { user: owner.user, group: owner.group, mode })?;
    Ok(format!("set the owner of {} to {owner} and its mode to {mode:04o}", shown(system, &place)))
}

fn edit_conf(system: &System, program: &str, edit: &Edit) -> anyhow::Result<String> {
    let conf = place(system, &paths::conf(program))?;
    let path = shown(system, &conf);
    let found = conf.read()?.with_context(|| format!("{path} does not exist"))?;
    let text = std::str::from_utf8(&found.content).with_context(|| format!("{path} is not UTF-8 text"))?;
    let new =
        edit.applied(text, program).with_context(|| format!("{path} has no such line; edit it manually"))?;
    if new == text {
        return Ok(format!("{path} is already correct"));
    }
    let kept = conf.replace(&found, new.as_bytes(), KEPT)?;
    Ok(format!("changed {path}; the previous file is kept as {}", system.shown(&kept)))
}

fn bring_back(system: &System, program: &str) -> anyhow::Result<String> {
    let path = paths::conf(program);
    let packaged = place(system, &format!("{}/{program}.conf", paths::PACKAGED_CONFS))?;
    let content = packaged.read()?.with_context(|| {
        format!("{} does not exist; install the package lampi again", packaged.path().display())
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
    let kept = kept.map(|kept| format!("; the previous file is kept as {}", system.shown(&kept)));
    Ok(format!("restored the packaged {path}{}", kept.unwrap_or_default()))
}

/// Empties a log in another user's directory with that user's permissions.
fn empty_log(system: &System, path: &str) -> anyhow::Result<String> {
    let directory = system.path(Path::new(path).parent().unwrap_or(Path::new("/")));
    let metadata =
        fs::symlink_metadata(&directory).with_context(|| format!("cannot access {}", directory.display()))?;
    let empty = || place(system, path)?.empty();
    let of_directory = User { user: metadata.uid(), group: metadata.gid() };
    if of_directory.user == system.superuser().0 || !system.is_root {
        empty()?;
    } else {
        as_user(of_directory, empty)??;
    }
    Ok(format!("emptied {}", quoted(path)))
}
