// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi start`, `stop`, `restart` and `update`: Supervisor's own commands, over the socket of the lamp's
//! Supervisor.
//!
//! supervisorctl could control another one: it uses the first configuration that it finds, even one in the
//! working directory.

use std::path::Path;

use nix::unistd::geteuid;
use programs::Program;
use runtime::output;
use supervisor_client::{Control, Supervisor, Update};

use crate::user;

/// Starts a stopped program.
pub(crate) fn start(program: Program, root: &Path) -> anyhow::Result<()> {
    Ok(output::line(&match Supervisor::at(root).start(program.name)? {
        Control::Done => format!("started {program}"),
        Control::Already => format!("{program} is already running"),
    })?)
}

/// Stops a program until the next boot.
pub(crate) fn stop(program: Program, root: &Path) -> anyhow::Result<()> {
    Ok(output::line(&match Supervisor::at(root).stop(program.name)? {
        Control::Done => {
            format!(
                "stopped {program} until the next boot; to start it earlier, run: sudo lampi start {program}"
            )
        }
        Control::Already => format!("{program} was not running"),
    })?)
}

/// Restarts a program.
pub(crate) fn restart(program: Program, root: &Path) -> anyhow::Result<()> {
    Supervisor::at(root).restart(program.name)?;
    Ok(output::line(&format!("restarted {program}"))?)
}

/// Has Supervisor apply a changed file.
pub(crate) fn update(program: Program, root: &Path) -> anyhow::Result<()> {
    if geteuid().is_root() {
        user::follow(root)?;
    }
    Ok(output::line(&match Supervisor::at(root).update(program.name)? {
        Update::Added => format!("started {program}"),
        Update::Changed => format!("restarted {program} with its changed file"),
        Update::Removed => format!("stopped {program}: its file was removed"),
        Update::Same => format!("the file of {program} has not changed"),
    })?)
}
