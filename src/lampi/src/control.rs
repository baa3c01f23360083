// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi start`, `stop`, `restart` and `update`: Supervisor's own orders, given to the lamp's Supervisor over its socket.
//!
//! supervisorctl takes the first configuration that it finds, also one in the folder where it is called, and does there
//! what that says.

use std::path::Path;

use nix::unistd::geteuid;
use programs::Program;
use runtime::output;
use supervisor_client::{Control, Supervisor, Update};

use crate::user;

/// Starts a program that is stopped.
pub(crate) fn start(program: Program, root: &Path) -> anyhow::Result<()> {
    Ok(output::line(&match Supervisor::at(root).start(program.name)? {
        Control::Done => format!("{program} is started"),
        Control::Already => format!("{program} runs already"),
    })?)
}

/// Stops a program for a while.
pub(crate) fn stop(program: Program, root: &Path) -> anyhow::Result<()> {
    Ok(output::line(&match Supervisor::at(root).stop(program.name)? {
        Control::Done => {
            format!("{program} is stopped until the next boot, or until you say: sudo lampi start {program}")
        }
        Control::Already => format!("{program} did not run"),
    })?)
}

/// Starts a program anew.
pub(crate) fn restart(program: Program, root: &Path) -> anyhow::Result<()> {
    Supervisor::at(root).restart(program.name)?;
    Ok(output::line(&format!("{program} is started anew"))?)
}

/// Has Supervisor follow a changed file.
pub(crate) fn update(program: Program, root: &Path) -> anyhow::Result<()> {
    if geteuid().is_root() {
        user::follow(root)?;
    }
    Ok(output::line(&match Supervisor::at(root).update(program.name)? {
        Update::Added => format!("{program} is started"),
        Update::Changed => format!("{program} is started anew, as its file says now"),
        Update::Removed => format!("{program} is stopped: its file is gone"),
        Update::Same => format!("{program} is as its file says"),
    })?)
}
