// SPDX-License-Identifier: GPL-3.0-or-later
//! Starting, stopping and restarting programs over Supervisor's socket.

use crate::{Supervisor, SupervisorError};

/// States in which Supervisor runs a program, or retries to start it.
const ACTIVE: [&str; 3] = ["RUNNING", "STARTING", "BACKOFF"];

/// Whether [`Supervisor::start`] or [`Supervisor::stop`] changed the program's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// It did.
    Done,
    /// The program was in that state already.
    Already,
}

impl Supervisor {
    /// Starts a program, and waits until it runs.
    pub fn start(&self, program: &str) -> Result<Control, SupervisorError> {
        if self.is_active(program)? {
            return Ok(Control::Already);
        }
        self.call("supervisor.startProcess", &[program])?;
        Ok(Control::Done)
    }

    /// Stops a program until it is started, or until Supervisor is restarted.
    pub fn stop(&self, program: &str) -> Result<Control, SupervisorError> {
        if !self.is_active(program)? {
            return Ok(Control::Already);
        }
        self.call("supervisor.stopProcess", &[program])?;
        Ok(Control::Done)
    }

    /// Restarts a program, or starts it if it is stopped.
    pub fn restart(&self, program: &str) -> Result<(), SupervisorError> {
        self.stop(program)?;
        self.start(program)?;
        Ok(())
    }

    fn is_active(&self, program: &str) -> Result<bool, SupervisorError> {
        let process = self.processes()?.into_iter().find(|process| process.name == program);
        match process {
            Some(process) => Ok(ACTIVE.contains(&process.state.as_str())),
            None => Err(SupervisorError::Failed(format!(
                "Supervisor has not loaded {program}; run: sudo lampi update {program}; \
                 if it is disabled, run: sudo lampi enable {program}"
            ))),
        }
    }
}
