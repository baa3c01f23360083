// SPDX-License-Identifier: GPL-3.0-or-later
//! Where config.txt is, and what it says on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use system_files::{Found, Place, in_root};

use super::config::{self, Config, OVERLAY};
use super::error::BootConfigError;

/// Folders that the boot partition is mounted at, the newer one first.
const FOLDERS: [&str; 2] = ["/boot/firmware", "/boot"];

/// The file's name.
const NAME: &str = "config.txt";

/// What newer systems have in /boot/config.txt, to be read by people.
const MOVED: &str = "has moved to /boot/firmware/config.txt";

/// FAT keeps times to two seconds.
const GRAIN: Duration = Duration::from_secs(2);

/// config.txt as it is.
#[derive(Debug)]
pub struct Boot {
    root: PathBuf,
    folder: &'static str,
    /// Where it is.
    pub place: Place,
    /// What is in it.
    pub found: Found,
}

impl Boot {
    /// Finds and reads it.
    pub fn find(root: &Path) -> Result<Self, BootConfigError> {
        if !root.is_dir() {
            return Err(BootConfigError::NoRoot(root.to_owned()));
        }
        let [newer, older] = FOLDERS;
        let newer_path = in_root(root, newer);
        let has_newer = system_files::exists(&newer_path)?;
        if has_newer && let Some(boot) = Self::at(root, newer)? {
            return Ok(boot);
        }
        let older_path = in_root(root, older).join(NAME);
        // Where the newer place is used, this is a link to it or a word to the reader.
        let is_older = !older_path.is_symlink() && system_files::exists(&older_path)?;
        if is_older
            && let Some(boot) = Self::at(root, older)?
            && !String::from_utf8_lossy(&boot.found.content).contains(MOVED)
        {
            return Ok(boot);
        }
        let is_empty = fs::read_dir(&newer_path).is_ok_and(|mut entries| entries.next().is_none());
        Err(if is_empty {
            BootConfigError::NotMounted { shown: newer_path, is_here: root == Path::new("/") }
        } else {
            BootConfigError::Missing { newer: newer_path.join(NAME), older: older_path, folder: newer }
        })
    }

    fn at(root: &Path, folder: &'static str) -> Result<Option<Self>, BootConfigError> {
        let place = Place::below(root, format!("{folder}/{NAME}"))?;
        let found = place.read()?;
        Ok(found.map(|found| Self { root: root.to_owned(), folder, place, found }))
    }

    /// Its path, for people.
    #[must_use]
    pub fn path(&self) -> String {
        self.place.path().display().to_string()
    }

    /// What `content` would say in its place.
    #[must_use]
    pub fn config(&self, content: &[u8]) -> Config {
        // A name with a slash would lead out of the folder or to a part of it that firmware cannot have.
        let include = |name: &str| {
            let name = Path::new(name).file_name().filter(|file| *file == name)?;
            self.place.beside(name).ok()?.read().ok()?.map(|found| found.content)
        };
        config::read(&self.path(), content, models(&self.root).as_deref(), &include)
    }

    /// Whether the machine was started with what the file says now.
    #[must_use]
    pub fn counts_already(&self) -> bool {
        match (started(&self.root), self.found.modified) {
            (Some(started), Some(modified)) => modified + GRAIN < started,
            _ => false,
        }
    }

    /// Fails if the overlay, or the driver that it is for, is missing.
    pub fn must_have_overlay(&self, config: &Config) -> Result<(), BootConfigError> {
        let folder = in_root(&self.root, self.folder);
        let paths = config.overlay_paths(OVERLAY);
        if !paths.iter().any(|path| folder.join(path).is_file()) {
            let missing = format!("there is no {}", folder.join(&paths[0]).display());
            return Err(no_pwm(&self.root, &missing, &drivers(&self.root).1));
        }
        must_have_driver(&self.root)
    }
}

/// When the machine was started, if it runs.
fn started(root: &Path) -> Option<SystemTime> {
    let text = fs::read_to_string(in_root(root, "/proc/uptime")).ok()?;
    let seconds = text.split(' ').next()?.parse().ok()?;
    SystemTime::now().checked_sub(Duration::try_from_secs_f64(seconds).ok()?)
}

/// Fails if no installed kernel has the driver.
pub(super) fn must_have_driver(root: &Path) -> Result<(), BootConfigError> {
    match drivers(root) {
        (Some(false), kernels) => {
            let folder = in_root(root, "/lib/modules");
            Err(no_pwm(root, &format!("there is no module {OVERLAY} in {}", folder.display()), &kernels))
        }
        _ => Ok(()),
    }
}

fn no_pwm(root: &Path, missing: &str, kernels: &str) -> BootConfigError {
    let kernels = if root == Path::new("/") { kernel() } else { kernels.to_owned() };
    BootConfigError::NoPwm { missing: missing.to_owned(), kernels }
}

/// The version of the kernel that runs.
fn kernel() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned()
}

/// Whether an installed kernel has the driver, if that can be told, and the versions of these kernels.
fn drivers(root: &Path) -> (Option<bool>, String) {
    let folders = fs::read_dir(in_root(root, "/lib/modules")).into_iter().flatten().flatten();
    let mut told = None;
    let mut versions = Vec::new();
    for folder in folders {
        let read = |name: &str| fs::read_to_string(folder.path().join(name));
        let Ok(modules) = read("modules.dep") else { continue };
        let built_in = read("modules.builtin").unwrap_or_default();
        let is_driver = |line: &str| {
            let file = line.split(':').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            file.starts_with("pwm-gpio.ko")
        };
        let has = modules.lines().chain(built_in.lines()).any(is_driver);
        told = Some(told.unwrap_or(false) || has);
        versions.push(folder.file_name().to_string_lossy().into_owned());
    }
    versions.sort();
    (told, versions.join(", "))
}

/// The sections of config.txt that are for this machine, if it is known.
fn models(root: &Path) -> Option<Vec<&'static str>> {
    let compatible = fs::read(in_root(root, "/proc/device-tree/compatible")).ok()?;
    let compatible = String::from_utf8_lossy(&compatible);
    let model = compatible.split('\0').find_map(|word| word.strip_prefix("raspberrypi,"))?;
    let sections: &[&str] = match model {
        "model-zero" => &["pi0"],
        "model-zero-w" => &["pi0", "pi0w"],
        "model-zero-2-w" | "model-zero-2" => &["pi0", "pi0w", "pi02"],
        "2-model-b" | "2-model-b-rev2" => &["pi2"],
        "3-model-b" => &["pi3"],
        "3-model-b-plus" | "3-model-a-plus" => &["pi3", "pi3+"],
        "3-compute-module" => &["pi3", "cm3"],
        "3-plus-compute-module" => &["pi3", "cm3", "cm3+"],
        "4-model-b" => &["pi4"],
        "400" => &["pi4", "pi400"],
        "4-compute-module" => &["pi4", "cm4"],
        "4-compute-module-s" => &["pi4", "cm4s"],
        "5-model-b" => &["pi5"],
        "500" => &["pi5", "pi500"],
        "5-compute-module" => &["pi5", "cm5"],
        _ => return None,
    };
    Some(sections.to_vec())
}
