// SPDX-License-Identifier: GPL-3.0-or-later
//! SIGINT, SIGTERM and SIGHUP: the running tool stops, and the build returns as after any other failure, so
//! that it removes its temporary directory.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Whether a signal interrupted the builder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    is_interrupted: bool,
    /// Process group of the running tool.
    child: Option<Pid>,
}

impl Interrupt {
    /// Handles SIGINT, SIGTERM and SIGHUP from now on.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let interrupt = Self::default();
        let state = interrupt.state.clone();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot handle signals")?;
        std::thread::spawn(move || {
            for _ in signals.forever() {
                let mut state = state.lock().expect("no thread panics with it");
                state.is_interrupted = true;
                if let Some(group) = state.child {
                    // The tool may have ended just now.
                    let _ = killpg(group, Signal::SIGTERM);
                }
            }
        });
        Ok(interrupt)
    }

    /// An error after a signal.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.state.lock().expect("no thread panics with it").is_interrupted {
            bail!("interrupted; nothing was written");
        }
        Ok(())
    }

    /// Starts a tool in a process group of its own, so that a signal stops it with all its children, and
    /// calls `work`, which must wait for its end.
    pub(crate) fn with_child<T>(
        &self,
        command: &mut Command,
        work: impl FnOnce(&mut Child) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut child = {
            // Under the lock, so that no signal arrives between the start and the record of it.
            let mut state = self.state.lock().expect("no thread panics with it");
            if state.is_interrupted {
                bail!("interrupted; nothing was written");
            }
            let child = command
                .process_group(0)
                .spawn()
                .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
            state.child = Some(Pid::from_raw(child.id().cast_signed()));
            child
        };
        let result = work(&mut child);
        self.state.lock().expect("no thread panics with it").child = None;
        self.check()?;
        result
    }
}
