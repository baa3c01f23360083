// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs started, stopped and started anew over Supervisor's socket.

use crate::{Supervisor, SupervisorError};

/// States in which Supervisor has a program run, or keeps trying to.
const ACTIVE: [&str; 3] = ["RUNNING", "STARTING", "BACKOFF"];

/// Whether a program had to be started or stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// It was.
    Done,
    /// It was so already.
    Already,
}

impl Supervisor {
    /// Has a program started, and waits until it runs.
    pub fn start(&self, program: &str) -> Result<Control, SupervisorError> {
        if self.is_active(program)? {
            return Ok(Control::Already);
        }
        self.call("supervisor.startProcess", &[program])?;
        Ok(Control::Done)
    }

    /// Has a program stopped until it is started, or Supervisor is.
    pub fn stop(&self, program: &str) -> Result<Control, SupervisorError> {
        if !self.is_active(program)? {
            return Ok(Control::Already);
        }
        self.call("supervisor.stopProcess", &[program])?;
        Ok(Control::Done)
    }

    /// Stops a program, if it runs, and starts it.
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
                "Supervisor does not know {program}; say: sudo lampi update {program}, or, if it is disabled: sudo lampi \
                 enable {program}"
            ))),
        }
    }
}
