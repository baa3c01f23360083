// SPDX-License-Identifier: GPL-3.0-or-later
//! A process under test, or its peer.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{PATIENCE, wait_for};

/// A running program and its standard error. Dropping it kills the process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts `command`. If the program is missing, the message names the Debian package `package`.
    #[must_use]
    pub fn start(command: &mut Command, package: &str) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = match command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(error) => panic!("cannot start {name} ({error}); install it with: apt-get install {package}"),
        };
        let stderr = child.stderr.take().expect("stderr is piped");
        let log = Arc::<Mutex<Vec<String>>>::default();
        let lines = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                lines.lock().unwrap().push(String::from_utf8_lossy(&line).into_owned());
            }
        });
        Self { child, name, log, reader: Some(reader) }
    }

    /// The process ID.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Memory in use, in KiB.
    #[must_use]
    pub fn resident(&self) -> u64 {
        let status = self.read_proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the process runs");
        line.trim().trim_end_matches(" kB").parse().expect("a number of kB")
    }

    /// Number of open file descriptors.
    #[must_use]
    pub fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("the process runs").count()
    }

    /// Inodes of its sockets.
    #[must_use]
    pub fn sockets(&self) -> Vec<String> {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid()))
            .expect("the process runs")
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
            .filter_map(|link| {
                Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned())
            })
            .collect()
    }

    /// The number of wake-ups of each thread, by thread ID.
    #[must_use]
    pub fn wake_ups(&self) -> HashMap<u32, u64> {
        std::fs::read_dir(format!("/proc/{}/task", self.pid()))
            .expect("the process runs")
            .filter_map(|thread| {
                let thread = thread.ok()?;
                let status = std::fs::read_to_string(thread.path().join("status")).ok()?;
                let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
                Some((thread.file_name().to_str()?.parse().ok()?, line.trim().parse().ok()?))
            })
            .collect()
    }

    fn read_proc(&self, name: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{name}", self.pid())).expect("the process runs")
    }

    /// The lines of standard error so far.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Waits until at least `times` lines of the log contain `text`.
    #[track_caller]
    pub fn await_log(&self, text: &str, times: usize) {
        let found = || self.log().iter().filter(|line| line.contains(text)).count() >= times;
        let start = std::time::Instant::now();
        while !found() {
            assert!(
                start.elapsed() < PATIENCE,
                "{} did not log {text:?} {times} times, but:\n{}",
                self.name,
                self.log().join("\n")
            );
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).expect("the process is ours");
    }

    /// The exit status, if the process has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the process is ours")
    }

    /// Waits for the end of the process.
    #[track_caller]
    pub fn await_end(&mut self) -> ExitStatus {
        let what = format!("{} ends", self.name);
        let status = wait_for(&what, PATIENCE, || self.ended());
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the log was read");
        }
        status
    }

    /// Sends SIGTERM and waits for the end.
    #[track_caller]
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.await_end()
    }

    /// Sends SIGKILL and waits for the end.
    #[track_caller]
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.await_end();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Show the log of a failed test.
        if std::thread::panicking() {
            for line in self.log.lock().map(|log| log.clone()).unwrap_or_default() {
                println!("[{}] {line}", self.name);
            }
        }
    }
}

/// Copies the program `from` to `to`, to run it there.
///
/// Another process writes the copy. Otherwise a program that another thread starts at the same time would
/// inherit the open file, and a file that is open for writing cannot be executed.
pub fn copy_program(from: &Path, to: &Path) {
    let status = Command::new("cp").arg(from).arg(to).status();
    assert!(status.expect("cp is part of every system").success(), "cannot copy {}", from.display());
}
