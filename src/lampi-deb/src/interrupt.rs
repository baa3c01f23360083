// SPDX-License-Identifier: GPL-3.0-or-later
//! Ctrl-C and its like: the running tool is ended, and the build returns as from any other failure, so that its
//! temporary directory goes the usual way.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Knows whether the builder was asked to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    asked: bool,
    /// Process group of the tool that runs.
    child: Option<Pid>,
}

impl Interrupt {
    /// Begins to listen to SIGINT, SIGTERM and SIGHUP.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let interrupt = Self::default();
        let state = interrupt.state.clone();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen to signals")?;
        std::thread::spawn(move || {
            for _ in signals.forever() {
                let mut state = state.lock().expect("no thread panics with it");
                state.asked = true;
                if let Some(group) = state.child {
                    // It may just have ended by itself.
                    let _ = killpg(group, Signal::SIGTERM);
                }
            }
        });
        Ok(interrupt)
    }

    /// An error if the builder was asked to stop.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.state.lock().expect("no thread panics with it").asked {
            bail!("interrupted; nothing was written");
        }
        Ok(())
    }

    /// Starts a tool in a process group of its own, so that an interrupt ends it with all that it has started, and
    /// lets `work` deal with it to its end.
    pub(crate) fn with_child<T>(
        &self,
        command: &mut Command,
        work: impl FnOnce(&mut Child) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut child = {
            // Under the lock, lest an interrupt fall between the start and the note of it.
            let mut state = self.state.lock().expect("no thread panics with it");
            if state.asked {
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
