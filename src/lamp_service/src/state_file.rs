// SPDX-License-Identifier: GPL-3.0-or-later
//! The file that keeps the lamp's state over restarts and power cuts.
//!
//! It is text: `{"version": 1, "state": {...}}` with the state as in `lamp/changed`, and Home Assistant's
//! numbers if it is used. Each write creates a new file, syncs it to the disk and renames it, so there is
//! always one complete state. Dragging a slider causes about one write a second, to spare the SD card.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use lamp::state::LampState;
use log::{info, warn};
use runtime::backoff::Backoff;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use system_files::{Replacement, Storage};

use crate::adoption::Adoption;

use crate::home_assistant::Exact;

/// The version of the file's format.
const VERSION: u32 = 1;

/// The time between the starts of two writes. A power cut then loses at most the last second, including the
/// write.
const PAUSE: Duration = Duration::from_millis(800);

/// The maximum size of a state file in bytes. A larger file has another origin.
const LARGEST: u64 = 64 << 10;

#[derive(Deserialize)]
struct Content {
    version: u32,
    state: Box<RawValue>,
    home_assistant: Option<Value>,
}

/// The stored values.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Kept {
    /// The lamp's state.
    pub state: LampState,
    /// The numbers that Home Assistant requested.
    pub exact: Exact,
}

/// The state file and its known content.
pub(crate) struct StateFile {
    path: PathBuf,
    /// The file's content, if this program has read or written it.
    kept: Option<Kept>,
    /// Whether the file has other content, which must still be moved away.
    evidence: bool,
    /// The earliest time of the next write.
    next: Instant,
    /// Whether there was no file.
    is_new: bool,
    /// While this runs, nothing is written.
    adoption: Adoption,
    /// While writes fail: the delay before the next attempt.
    trouble: Option<Backoff>,
}

impl StateFile {
    /// Opens the file at `path` and returns its state, or the default state.
    ///
    /// Errors are logged; the lamp shines anyway.
    pub(crate) fn open(path: PathBuf) -> (Self, Kept) {
        let (mut evidence, mut is_new) = (false, false);
        let kept = match read(&path) {
            Ok(state) => {
                info!("read the state from {}", path.display());
                Some(state)
            }
            Err(error) if is_missing(&error) => {
                info!("{} does not exist; starting with the default state", path.display());
                is_new = true;
                None
            }
            Err(error) => {
                let outcome = match set_aside(&path) {
                    Ok(aside) => format!("moved it to {}", aside.display()),
                    Err(error) => {
                        evidence = true;
                        format!("cannot move it away: {error:#}")
                    }
                };
                warn!(
                    "cannot read the state from {}: {error:#}; {outcome}; starting with the default state",
                    path.display()
                );
                None
            }
        };
        let found = kept.clone().unwrap_or_default();
        let (adoption, next) = (Adoption::default(), Instant::now());
        let mut file = Self { path, kept, evidence, next, is_new, adoption, trouble: None };
        file.log_storage();
        (file, found)
    }

    /// Logs, at the start, if a reboot loses the state.
    fn log_storage(&mut self) {
        let directory = folder(&self.path).display().to_string();
        match system_files::storage(folder(&self.path)) {
            Ok(Storage::ReadOnly) => {
                info!("{directory} is read-only; the state is not saved until it is writable");
                self.back_off();
            }
            Ok(Storage::Memory) => {
                info!("{directory} is in memory; the state is lost at the next reboot");
            }
            Ok(Storage::Overlay) => {
                info!(
                    "{directory} is on an overlay; if that is in memory, the state is lost at the next reboot"
                );
            }
            // Unknown storage: a failing write will be logged.
            Ok(Storage::Disk) | Err(_) => {}
        }
    }

    /// Stores another file `name` beside the state. If writing is impossible in general, only the state's
    /// error is logged.
    pub(crate) fn keep_beside(&mut self, name: &str, content: &[u8]) {
        let path = self.path.with_file_name(name);
        let Err(error) = replace(&path, content) else { return };
        if concerns_all_files(&error) {
            self.log_failure(&error);
        } else {
            warn!("cannot write {}: {error:#}; retrying at the next start", path.display());
        }
    }

    /// Whether there was no file.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Writes nothing until the returned adoption has ended.
    pub(crate) fn wait_for_adoption(&mut self) -> Adoption {
        self.adoption = Adoption::begun();
        self.adoption.clone()
    }

    /// Stores `newest` if it changed and is due. Returns when to call again if it is not.
    pub(crate) fn keep(&mut self, newest: &Kept) -> Option<Instant> {
        if self.kept.as_ref() == Some(newest) || self.adoption.goes_on() {
            return None;
        }
        let now = Instant::now();
        if now < self.next {
            return Some(self.next);
        }
        match self.write(newest) {
            Ok(()) => {
                self.kept = Some(newest.clone());
                self.next = now + PAUSE;
                if self.trouble.take().is_some() {
                    info!("{} can be written again", self.path.display());
                }
                None
            }
            Err(error) => {
                self.log_failure(&error);
                Some(self.next)
            }
        }
    }

    /// Logs why the state is not stored, once until it is stored again.
    fn log_failure(&mut self, error: &anyhow::Error) {
        if self.trouble.is_none() {
            warn!("cannot save the state in {}: {error:#}; retrying", self.path.display());
        }
        self.back_off();
    }

    /// Delays the next attempt, longer each time.
    fn back_off(&mut self) {
        let trouble = self.trouble.get_or_insert_with(|| Backoff::new(PAUSE, Duration::from_mins(1)));
        self.next = Instant::now() + trouble.wait();
    }

    /// The path of the state file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn write(&mut self, newest: &Kept) -> anyhow::Result<()> {
        if self.evidence {
            set_aside(&self.path).context("cannot move the unreadable file away")?;
            self.evidence = false;
        }
        write(&self.path, newest)
    }

    /// Stores `newest` now, at the end of the program.
    pub(crate) fn flush(&mut self, newest: &Kept) {
        self.next = Instant::now();
        self.keep(newest);
    }
}

/// Reports whether the state at `path` can be read and written, without changing it.
pub(crate) fn inspect(path: &Path) -> anyhow::Result<String> {
    let found = match read(path) {
        Ok(kept) => kept.state.to_json(),
        Err(error) if is_missing(&error) => "no file yet".into(),
        Err(error) => return Err(error.context("cannot read the state")),
    };
    let folder = folder(path);
    // A running lamp may write its own new file at the same time, so this one has another name.
    let trial = with_suffix(path, ".check");
    // A missing directory is created with the first write.
    if folder.exists() {
        Replacement::write(&trial, path, b"")
            .with_context(|| format!("cannot write to {}", folder.display()))?;
    }
    Ok(found)
}

fn read(path: &Path) -> anyhow::Result<Kept> {
    require_regular(path)?;
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        bail!("it is larger than a state");
    }
    let content: Content = serde_json::from_slice(&bytes).context("it is not a state")?;
    if content.version != VERSION {
        bail!("its version is {}; only version {VERSION} is supported", content.version);
    }
    let state = LampState::from_json(content.state.get().as_bytes())?;
    // Without these numbers the lamp works too.
    let exact = content.home_assistant.and_then(|exact| serde_json::from_value(exact).ok());
    Ok(Kept { state, exact: exact.unwrap_or_default() })
}

/// Rejects directories, FIFOs (reading would block) and devices. They must not be read, moved or replaced.
fn require_regular(path: &Path) -> anyhow::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            bail!("it is not a regular file; give the path of a file for the state")
        }
        _ => Ok(()),
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Whether the file system accepts no file at all.
fn concerns_all_files(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(kind, Some(ErrorKind::ReadOnlyFilesystem | ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
}

/// Moves the file at `path` away. Only the newest such file is kept.
fn set_aside(path: &Path) -> anyhow::Result<PathBuf> {
    require_regular(path)?;
    let aside = with_suffix(path, ".bad");
    match fs::rename(path, &aside) {
        // Removed by its owner: nothing to do.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        result => result?,
    }
    Ok(aside)
}

fn write(path: &Path, Kept { state, exact }: &Kept) -> anyhow::Result<()> {
    let exact = if exact.is_empty() {
        String::new()
    } else {
        format!(", \"home_assistant\": {}", serde_json::to_string(exact)?)
    };
    let text = format!("{{\"version\": {VERSION}, \"state\": {}{exact}}}\n", state.to_json());
    replace(path, text.as_bytes())
}

/// Replaces the file at `path`, completely or not at all, and syncs it to the disk. Creates a missing
/// directory.
pub(crate) fn replace(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    require_regular(path)?;
    fs::create_dir_all(folder(path))?;
    Ok(system_files::replace(path, content)?)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
