// SPDX-License-Identifier: GPL-3.0-or-later
//! The demonstration's processes.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The maximum time for a child to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

/// Running processes, each in its own process group, so that Ctrl-C reaches only this program, which then
/// stops them in order. They end when this value is dropped.
pub(crate) struct Children {
    directory: PathBuf,
    running: Vec<(&'static str, Child)>,
}

/// A child that ended by itself.
pub(crate) struct End {
    name: &'static str,
    status: ExitStatus,
    last_words: String,
}

impl Children {
    /// Starts without processes. Their output goes to files in `directory`.
    pub(crate) fn in_directory(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), running: Vec::new() }
    }

    /// Starts a process.
    pub(crate) fn start(&mut self, name: &'static str, mut command: Command) -> anyhow::Result<()> {
        let path = self.log(name);
        let log = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let child = command
            .process_group(0)
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        self.running.push((name, child));
        Ok(())
    }

    /// A child that has ended.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<End>> {
        for index in 0..self.running.len() {
            let (name, child) = &mut self.running[index];
            if let Some(status) = child.try_wait().with_context(|| format!("cannot wait for {name}"))? {
                // Its process ID may soon belong to another process.
                let (name, _) = self.running.remove(index);
                let written = std::fs::read(self.log(name)).unwrap_or_default();
                let written = String::from_utf8_lossy(&written);
                let last_words = written.trim_end().lines().next_back().unwrap_or("nothing").to_owned();
                return Ok(Some(End { name, status, last_words }));
            }
        }
        Ok(None)
    }

    /// Fails if a child has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        self.ended()?.map_or(Ok(()), |end| Err(end.into_error()))
    }

    fn log(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.log"))
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        let group = |child: &Child| Pid::from_raw(child.id().cast_signed());
        for (_, child) in self.running.iter().rev() {
            // It may just have ended by itself.
            let _ = killpg(group(child), Signal::SIGTERM);
        }
        let deadline = Instant::now() + GRACE;
        for (_, child) in self.running.iter_mut().rev() {
            while matches!(child.try_wait(), Ok(None)) {
                if Instant::now() > deadline {
                    let _ = killpg(group(child), Signal::SIGKILL);
                    let _ = child.wait();
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

impl End {
    /// Whether `lamp_ui` ended because its window was closed.
    pub(crate) fn is_closed_window(&self) -> bool {
        self.name == "lamp_ui" && self.status.success()
    }

    /// Describes which child ended, how, and its last output.
    pub(crate) fn into_error(self) -> anyhow::Error {
        let Self { name, status, last_words } = self;
        anyhow!("{name} ended ({status}), so the demonstration stopped; its last output: {last_words}")
    }
}
