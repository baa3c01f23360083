// SPDX-License-Identifier: GPL-3.0-or-later
//! Finds config.txt and evaluates it for this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use system_files::{Found, Place, in_root};

use super::config::{self, Config, OVERLAY};
use super::error::BootConfigError;

/// Mount points of the boot partition, the newer one first.
const DIRECTORIES: [&str; 2] = ["/boot/firmware", "/boot"];

/// The file's name.
const NAME: &str = "config.txt";

/// Text that newer systems have in /boot/config.txt.
const MOVED: &str = "has moved to /boot/firmware/config.txt";

/// The resolution of times on FAT is 2 s.
const GRAIN: Duration = Duration::from_secs(2);

/// The present config.txt.
#[derive(Debug)]
pub struct Boot {
    root: PathBuf,
    directory: &'static str,
    /// Its location.
    pub place: Place,
    /// Its content.
    pub found: Found,
}

impl Boot {
    /// Finds and reads config.txt.
    pub fn find(root: &Path) -> Result<Self, BootConfigError> {
        if !root.is_dir() {
            return Err(BootConfigError::NoRoot(root.to_owned()));
        }
        let [newer, older] = DIRECTORIES;
        let newer_path = in_root(root, newer);
        let has_newer = system_files::exists(&newer_path)?;
        if has_newer && let Some(boot) = Self::at(root, newer)? {
            return Ok(boot);
        }
        let older_path = in_root(root, older).join(NAME);
        // With the newer path in use, this is a link to it or a note for the reader.
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
            BootConfigError::Missing { newer: newer_path.join(NAME), older: older_path, directory: newer }
        })
    }

    fn at(root: &Path, directory: &'static str) -> Result<Option<Self>, BootConfigError> {
        let place = Place::below(root, format!("{directory}/{NAME}"))?;
        let found = place.read()?;
        Ok(found.map(|found| Self { root: root.to_owned(), directory, place, found }))
    }

    /// Its path, for messages.
    #[must_use]
    pub fn path(&self) -> String {
        self.place.path().display().to_string()
    }

    /// Parses `content` as if it were the file's.
    #[must_use]
    pub fn config(&self, content: &[u8]) -> Config {
        // A name with a slash could leave the directory, and the firmware does not support one.
        let include = |name: &str| {
            let name = Path::new(name).file_name().filter(|file| *file == name)?;
            self.place.beside(name).ok()?.read().ok()?.map(|found| found.content)
        };
        config::read(&self.path(), content, models(&self.root).as_deref(), &include)
    }

    /// Whether the machine was started with the present content of the file.
    #[must_use]
    pub fn counts_already(&self) -> bool {
        match (started(&self.root), self.found.modified) {
            (Some(started), Some(modified)) => modified + GRAIN < started,
            _ => false,
        }
    }

    /// Fails if the overlay or its driver is missing.
    pub fn must_have_overlay(&self, config: &Config) -> Result<(), BootConfigError> {
        let directory = in_root(&self.root, self.directory);
        let paths = config.overlay_paths(OVERLAY);
        if !paths.iter().any(|path| directory.join(path).is_file()) {
            let missing = format!("{} does not exist", directory.join(&paths[0]).display());
            return Err(no_pwm(&self.root, &missing, &drivers(&self.root).1));
        }
        must_have_driver(&self.root)
    }
}

/// The start time of the machine, if it runs.
fn started(root: &Path) -> Option<SystemTime> {
    let text = fs::read_to_string(in_root(root, "/proc/uptime")).ok()?;
    let seconds = text.split(' ').next()?.parse().ok()?;
    SystemTime::now().checked_sub(Duration::try_from_secs_f64(seconds).ok()?)
}

/// Fails if no installed kernel has the driver.
pub(super) fn must_have_driver(root: &Path) -> Result<(), BootConfigError> {
    match drivers(root) {
        (Some(false), kernels) => {
            let directory = in_root(root, "/lib/modules");
            Err(no_pwm(
                root,
                &format!("{} does not contain the module {OVERLAY}", directory.display()),
                &kernels,
            ))
        }
        _ => Ok(()),
    }
}

fn no_pwm(root: &Path, missing: &str, kernels: &str) -> BootConfigError {
    let kernels = if root == Path::new("/") { kernel() } else { kernels.to_owned() };
    BootConfigError::NoPwm { missing: missing.to_owned(), kernels }
}

/// The version of the running kernel.
fn kernel() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned()
}

/// Whether an installed kernel has the driver, if known, and the versions of the installed kernels.
fn drivers(root: &Path) -> (Option<bool>, String) {
    let directories = fs::read_dir(in_root(root, "/lib/modules")).into_iter().flatten().flatten();
    let mut told = None;
    let mut versions = Vec::new();
    for directory in directories {
        let read = |name: &str| fs::read_to_string(directory.path().join(name));
        let Ok(modules) = read("modules.dep") else { continue };
        let built_in = read("modules.builtin").unwrap_or_default();
        let is_driver = |line: &str| {
            let file = line.split(':').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            file.starts_with("pwm-gpio.ko")
        };
        let has = modules.lines().chain(built_in.lines()).any(is_driver);
        told = Some(told.unwrap_or(false) || has);
        versions.push(directory.file_name().to_string_lossy().into_owned());
    }
    versions.sort();
    (told, versions.join(", "))
}

/// The sections of config.txt that apply to this machine, if its model is known.
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
