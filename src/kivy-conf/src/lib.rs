// SPDX-License-Identifier: GPL-3.0-or-later
//! The user's Kivy configuration of touch and screen. A lamp that was set up for Kivy keeps its settings.
//!
//! The file is `config.ini` in `KIVY_HOME`, by default HOME/.kivy. It is read and never written. Supported
//! are:
//!
//! | section | keys |
//! | --- | --- |
//! | `[input]` | values `mtdev,DEVICE,...`, `hidinput,DEVICE,...` or `probesysfs,...`, see [`input`] |
//! | `[graphics]` | `rotation` (0, 90, 180, 270, counter-clockwise), `maxfps` (0: no limit), `show_cursor` |
//! | `[kivy]` | `log_level` |
//! | `[postproc]` | `jitter_distance` (0 to 1000), `ignore` (a list of rectangles) |
//! | `[postproc:calibration]` | values `xratio=NUMBER,...` or `auto=WIDTHxHEIGHT` |
//!
//! As in Kivy, the environment variable `KCFG_SECTION_KEY` overrides a key unless `KIVY_NO_ENV_CONFIG` is
//! set. With `KIVY_NO_CONFIG` or `KIVY_USE_DEFAULTCONFIG`, the file is not read. An invalid value causes one
//! warning and has no effect. Other keys are ignored.
//!
//! This crate only reads the configuration; it opens no device or screen.

mod ini;
pub mod input;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use log::LevelFilter;
use rustix::fs::{Mode, OFlags, open};

use ini::Ini;
use input::{Recalibration, Rule};

/// Maximum size of the file, in bytes. Kivy writes about 2000.
const LARGEST: u64 = 1 << 20;

/// The configuration. The default is that of a lamp without a file.
#[derive(Debug, Default, PartialEq)]
pub struct Kivy {
    /// Rotation of the frame on the screen in degrees, counter-clockwise: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Maximum number of frames per second; `None`: no limit.
    pub max_fps: Option<u32>,
    /// Hide the mouse cursor, in the window on a desktop.
    pub hide_cursor: bool,
    /// Log level.
    pub log_level: Option<LevelFilter>,
    /// Touch screens, in the order of the file.
    pub rules: Vec<Rule>,
    /// The sum of the distances in x and y, in fractions of the screen, that does not count as a move of a
    /// finger.
    ///
    /// Kivy's code treats the number as a fraction, so that nothing moves from 2 on; its documentation says
    /// thousandths. Here, a number up to 1 is a fraction, and a larger one thousandths.
    pub jitter: f32,
    /// Names of devices, or of providers in parentheses, with their recalibration.
    pub recalibrations: Vec<(String, Recalibration)>,
    /// Rectangles in which no touch starts: left, bottom, right and top in fractions of the screen, from its
    /// lower left corner.
    pub ignored: Vec<[f32; 4]>,
    /// Warnings about invalid lines and values, as sentences.
    pub warnings: Vec<String>,
}

impl Kivy {
    /// Reads the file that these environment variables select, and their overrides.
    pub fn load(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut environment: Vec<_> = environment.into_iter().collect();
        environment.sort();
        let variable = |name: &str| {
            environment
                .iter()
                .find(|(key, value)| key == name && !value.is_empty())
                .map(|(_, value)| value.as_str())
        };
        let mut warnings = Vec::new();
        let mut ini = Ini::default();
        if variable("KIVY_NO_CONFIG").is_none()
            && variable("KIVY_USE_DEFAULTCONFIG").is_none()
            && let Some(path) = path(variable)
        {
            match read(&path) {
                Ok(Some(text)) => {
                    let lines = ini.read(&text);
                    warnings.extend(lines.into_iter().map(|line| format!("{}: {line}", path.display())));
                }
                Ok(None) => {}
                Err(error) => warnings.push(format!("{}: {error}; the file is ignored", path.display())),
            }
        }
        if variable("KIVY_NO_ENV_CONFIG").is_none() {
            for (name, value) in &environment {
                if let Some((section, key)) = name.strip_prefix("KCFG_").and_then(|rest| rest.split_once('_'))
                {
                    ini.set(&section.to_lowercase(), &key.to_lowercase(), value);
                }
            }
        }
        let mut kivy = Self::from_ini(&ini);
        warnings.append(&mut kivy.warnings);
        Self { warnings, ..kivy }
    }

    fn from_ini(ini: &Ini) -> Self {
        let mut warnings = Vec::new();
        let mut take = |section: &str, key: &str, wanted: &str, accept: &mut dyn FnMut(&str) -> bool| {
            if let Some(value) = ini.get(section, key)
                && !accept(value.trim())
            {
                let shown: String = value.chars().take(60).collect();
                warnings.push(format!("[{section}] {key} is {shown:?} but must be {wanted}"));
            }
        };
        let mut kivy = Self::default();
        take("graphics", "rotation", "0, 90, 180 or 270", &mut |value| {
            set(&mut kivy.rotation, value.parse().ok().filter(|degrees| [0, 90, 180, 270].contains(degrees)))
        });
        take("graphics", "maxfps", "a number from 0 to 1000", &mut |value| {
            let fps = value.parse().ok().filter(|fps| (0..=1000).contains(fps));
            set(&mut kivy.max_fps, fps.map(|fps: u32| (fps > 0).then_some(fps)))
        });
        take("graphics", "show_cursor", "0 or 1", &mut |value| {
            set(&mut kivy.hide_cursor, boolean(value).map(|show| !show))
        });
        take("kivy", "log_level", "trace, debug, info, warning, error or critical", &mut |value| {
            set(&mut kivy.log_level, level(value).map(Some))
        });
        take("postproc", "jitter_distance", "a number from 0 to 1000", &mut |value| {
            let distance = value.parse().ok().filter(|distance| (0.0..=1000.0).contains(distance));
            set(
                &mut kivy.jitter,
                distance.map(|distance: f32| if distance > 1.0 { distance / 1000.0 } else { distance }),
            )
        });
        take("postproc", "ignore", "a list such as [(0.0, 0.0, 0.1, 0.1)]", &mut |value| {
            set(&mut kivy.ignored, rectangles(value))
        });
        for (key, value) in ini.section("input") {
            match Rule::parse(key, value) {
                Ok(Some((rule, ignored))) => {
                    warnings.extend(ignored.into_iter().map(|what| format!("[input] {key}: {what}")));
                    kivy.rules.push(rule);
                }
                Ok(None) => {}
                Err(what) => warnings.push(format!("[input] {key}: {what}")),
            }
        }
        for (key, value) in ini.section("postproc:calibration") {
            match Recalibration::parse(value) {
                Ok(recalibration) => kivy.recalibrations.push((key.to_owned(), recalibration)),
                Err(what) => warnings.push(format!("[postproc:calibration] {key}: {what}")),
            }
        }
        kivy.warnings = warnings;
        kivy
    }

    /// The recalibration of the device at a device node such as event0, which `rule` selected.
    #[must_use]
    pub fn recalibration(&self, rule: &Rule, node: &str) -> Option<Recalibration> {
        let of = |name: &str| {
            self.recalibrations
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| *value)
        };
        of(&rule.device_name(node)).or_else(|| of(&format!("({})", rule.provider.name())))
    }
}

/// The path of the file; none without `HOME` and `KIVY_HOME`.
fn path<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Option<PathBuf> {
    let home = variable("HOME").map(PathBuf::from);
    let directory = match variable("KIVY_HOME") {
        Some(directory) => match (directory.strip_prefix('~'), home) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
                home.join(rest.trim_start_matches('/'))
            }
            _ => directory.into(),
        },
        None => home?.join(".kivy"),
    };
    Some(directory.join("config.ini"))
}

/// The text of the file; `None` if it does not exist.
fn read(path: &Path) -> io::Result<Option<String>> {
    // Without O_NONBLOCK, opening a pipe without a writer would block.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match open(path, flags, Mode::empty()).map_err(io::Error::from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => File::from(opened?),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("it is larger than {} MiB", LARGEST >> 20)));
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Stores a valid value. Returns whether it was valid.
fn set<T>(place: &mut T, value: Option<T>) -> bool {
    let is_valid = value.is_some();
    if let Some(value) = value {
        *place = value;
    }
    is_valid
}

/// The booleans of Python's configparser.
fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "1" | "yes" | "true" | "on" => Some(true),
        "0" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// The log levels of Python's logging and of Kivy.
fn level(text: &str) -> Option<LevelFilter> {
    Some(match text {
        "trace" => LevelFilter::Trace,
        "debug" => LevelFilter::Debug,
        "info" => LevelFilter::Info,
        "warning" => LevelFilter::Warn,
        "error" | "critical" => LevelFilter::Error,
        _ => return None,
    })
}

/// Parses `[(0.0, 0.0, 1.0, 0.1), (0.9, 0.9, 1.0, 1.0)]`.
fn rectangles(text: &str) -> Option<Vec<[f32; 4]>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let numbers: Vec<f32> = inner
        .split(|letter: char| letter.is_whitespace() || ",()".contains(letter))
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let whole = numbers.len().is_multiple_of(4) && inner.matches('(').count() * 4 == numbers.len();
    whole.then(|| numbers.chunks_exact(4).map(|four| [four[0], four[1], four[2], four[3]]).collect())
}

#[cfg(test)]
mod tests;
