// SPDX-License-Identifier: GPL-3.0-or-later
//! The file that keeps the lamp's state over restarts and power cuts.
//!
//! It is readable text, `{"version": 1, "state": {...}}` with the state in the form of `lamp/changed`, and, where Home Assistant
//! is used, what that asked for. Each version is
//! written beside it, synced to the disk, and moved into its place, so that there is always one whole state. A slider
//! that is dragged costs about one write a second, to spare the SD card.

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

/// Version of the form of the file.
const VERSION: u32 = 1;

/// Time from the start of one write to that of the next: what is lost with the power is then never older than a
/// second, the write included.
const PAUSE: Duration = Duration::from_millis(800);

/// More than any state takes: a file that is larger is not ours.
const LARGEST: u64 = 64 << 10;

#[derive(Deserialize)]
struct Content {
    version: u32,
    state: Box<RawValue>,
    home_assistant: Option<Value>,
}

/// What is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Kept {
    /// The lamp's state.
    pub state: LampState,
    /// What Home Assistant asked for.
    pub exact: Exact,
}

/// The file and what is known of it.
pub(crate) struct StateFile {
    path: PathBuf,
    /// What the file holds, as far as this program put or found it there.
    kept: Option<Kept>,
    /// The file holds something else, which is still to be kept aside.
    evidence: bool,
    /// No write before this time.
    next: Instant,
    /// There was no file yet.
    is_new: bool,
    /// While this goes on, nothing is written.
    adoption: Adoption,
    /// Set while the file cannot be written: how long to wait before the next attempt.
    trouble: Option<Backoff>,
}

impl StateFile {
    /// The file at `path`, and the state that it holds or, if it holds none, that of a new lamp.
    ///
    /// Whatever is wrong with it, the lamp shines.
    pub(crate) fn open(path: PathBuf) -> (Self, Kept) {
        let (mut evidence, mut is_new) = (false, false);
        let kept = match read(&path) {
            Ok(state) => {
                info!("state taken from {}", path.display());
                Some(state)
            }
            Err(error) if is_missing(&error) => {
                info!("there is no {} yet; starting as a new lamp", path.display());
                is_new = true;
                None
            }
            Err(error) => {
                let outcome = match set_aside(&path) {
                    Ok(aside) => format!("it is kept as {}", aside.display()),
                    Err(error) => {
                        evidence = true;
                        format!("it cannot be kept aside: {error:#}")
                    }
                };
                warn!(
                    "cannot take the state from {}: {error:#}; {outcome}; starting as a new lamp",
                    path.display()
                );
                None
            }
        };
        let found = kept.clone().unwrap_or_default();
        let (adoption, next) = (Adoption::default(), Instant::now());
        let mut file = Self { path, kept, evidence, next, is_new, adoption, trouble: None };
        file.tell_of_storage();
        (file, found)
    }

    /// Says, once and at the start, where the state does not outlast the machine.
    fn tell_of_storage(&mut self) {
        let directory = folder(&self.path).display().to_string();
        match system_files::storage(folder(&self.path)) {
            Ok(Storage::ReadOnly) => {
                info!("{directory} is read-only; the state is not kept until that changes");
                self.wait_for_better();
            }
            Ok(Storage::Memory) => {
                info!("{directory} is in memory; the state is kept up to the next boot only");
            }
            Ok(Storage::Overlay) => {
                info!(
                    "{directory} is on an overlay; if that is in memory, the state is kept up to the next boot only"
                );
            }
            // What cannot be found out shows when something is written.
            Ok(Storage::Disk) | Err(_) => {}
        }
    }

    /// Keeps a further file `name` beside the state. Where nothing can be kept at all, that is said once for both.
    pub(crate) fn keep_beside(&mut self, name: &str, content: &[u8]) {
        let path = self.path.with_file_name(name);
        let Err(error) = replace(&path, content) else { return };
        if concerns_all_files(&error) {
            self.complain(&error);
        } else {
            warn!("cannot keep {}: {error:#}; going on without", path.display());
        }
    }

    /// Whether there was no file yet.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Writes nothing until the adoption that is returned has ended.
    pub(crate) fn wait_for_adoption(&mut self) -> Adoption {
        self.adoption = Adoption::begun();
        self.adoption.clone()
    }

    /// Keeps `newest` if it is not kept already and the time has come. Returns when to be called again if it has not.
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
                    info!("{} is written again", self.path.display());
                }
                None
            }
            Err(error) => {
                self.complain(&error);
                Some(self.next)
            }
        }
    }

    /// Says that the state is not kept, and why, once until it is kept again.
    fn complain(&mut self, error: &anyhow::Error) {
        if self.trouble.is_none() {
            warn!("cannot keep the state in {}: {error:#}; going on without", self.path.display());
        }
        self.wait_for_better();
    }

    /// Has the next attempt wait, longer each time.
    fn wait_for_better(&mut self) {
        let trouble = self.trouble.get_or_insert_with(|| Backoff::new(PAUSE, Duration::from_mins(1)));
        self.next = Instant::now() + trouble.wait();
    }

    /// Where the state is kept.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn write(&mut self, newest: &Kept) -> anyhow::Result<()> {
        if self.evidence {
            set_aside(&self.path).context("what is there cannot be kept aside")?;
            self.evidence = false;
        }
        write(&self.path, newest)
    }

    /// Keeps `newest` now, because there will be no later.
    pub(crate) fn flush(&mut self, newest: &Kept) {
        self.next = Instant::now();
        self.keep(newest);
    }
}

/// Says of the file at `path` whether its state can be taken and a new one be kept, without changing it.
pub(crate) fn inspect(path: &Path) -> anyhow::Result<String> {
    let found = match read(path) {
        Ok(kept) => kept.state.to_json(),
        Err(error) if is_missing(&error) => "none yet".into(),
        Err(error) => return Err(error.context("cannot take the state")),
    };
    let folder = folder(path);
    // A lamp that runs may write its own new file at this moment, so this one has another name.
    let trial = with_suffix(path, ".check");
    // A folder that is missing is made when there is something to write.
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
        bail!("it is larger than any state");
    }
    let content: Content = serde_json::from_slice(&bytes).context("it is not a state")?;
    if content.version != VERSION {
        bail!("its version is {}, known is {VERSION}", content.version);
    }
    let state = LampState::from_json(content.state.get().as_bytes())?;
    // Without this the lamp shines all the same.
    let exact = content.home_assistant.and_then(|exact| serde_json::from_value(exact).ok());
    Ok(Kept { state, exact: exact.unwrap_or_default() })
}

/// A folder of other things, a FIFO that would block, a device: they are not to be read, moved or replaced.
fn require_regular(path: &Path) -> anyhow::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            bail!("it is not a regular file; give the name of a file to keep the state in")
        }
        _ => Ok(()),
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Whether the file system takes no file at all.
fn concerns_all_files(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(kind, Some(ErrorKind::ReadOnlyFilesystem | ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
}

/// Moves what is at `path` out of the way. The newest such thing is kept.
fn set_aside(path: &Path) -> anyhow::Result<PathBuf> {
    require_regular(path)?;
    let aside = with_suffix(path, ".bad");
    match fs::rename(path, &aside) {
        // Its owner took it away: all the better.
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

/// Puts a file with this content into the place of the one at `path`, whole or not at all, and onto the disk. Its folder is
/// made if it is missing.
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
