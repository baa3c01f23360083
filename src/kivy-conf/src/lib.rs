// SPDX-License-Identifier: GPL-3.0-or-later
//! What the user's Kivy configuration says of touch and screen, so that a lamp which was set up for Kivy needs no other.
//!
//! The file is `config.ini` in `KIVY_HOME`, else in HOME/.kivy; it is never written. Honoured are:
//!
//! | section | keys |
//! | --- | --- |
//! | `[input]` | each value `mtdev,DEVICE,...`, `hidinput,DEVICE,...` or `probesysfs,...`, see [`input`] |
//! | `[graphics]` | `rotation` (0, 90, 180, 270, counter-clockwise), `maxfps` (0: no limit), `show_cursor` |
//! | `[kivy]` | `log_level` |
//! | `[postproc]` | `jitter_distance` (0 to 1000), `ignore` (a list of rectangles) |
//! | `[postproc:calibration]` | each value `xratio=NUMBER,...` or `auto=WIDTHxHEIGHT` |
//!
//! As in Kivy, `KCFG_SECTION_KEY` in the environment overrides a key unless `KIVY_NO_ENV_CONFIG` is set, and
//! `KIVY_NO_CONFIG` and `KIVY_USE_DEFAULTCONFIG` keep the file from being read. Whatever else is there is none of our
//! business; what cannot be understood of the above is warned about, once, and as if it were not there.
//!
//! It knows how Kivy reads its configuration. It never opens a device or a screen: what follows from the values is the
//! caller's part.

mod ini;
pub mod input;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use log::LevelFilter;
use rustix::fs::{Mode, OFlags, open};

use ini::Ini;
use input::{Recalibration, Rule};

/// Largest file that is read, in bytes. Kivy writes 2000.
const LARGEST: u64 = 1 << 20;

/// What was understood. The default is that of a lamp without a file.
#[derive(Debug, Default, PartialEq)]
pub struct Kivy {
    /// Degrees by which the frame is turned on the screen, counter-clockwise: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Most frames in a second; `None`: no limit.
    pub max_fps: Option<u32>,
    /// No mouse cursor over the controls, where there is one: in the window of a desktop.
    pub hide_cursor: bool,
    /// From which level on messages are logged.
    pub log_level: Option<LevelFilter>,
    /// Touch screens, in the order of the file.
    pub rules: Vec<Rule>,
    /// The sum of the ways in x and y, in parts of the screen, up to which a finger does not move.
    ///
    /// Kivy's code takes the number as such parts; its documentation says thousandths. By its code nothing moves any more
    /// from 2 on. So a number up to 1 means parts, and a larger one thousandths.
    pub jitter: f32,
    /// Names of devices, or of providers in parentheses, with what is done to their touches.
    pub recalibrations: Vec<(String, Recalibration)>,
    /// Where a touch that begins there is not seen: left, bottom, right and top in parts of the screen, from its lower
    /// left corner.
    pub ignored: Vec<[f32; 4]>,
    /// Sentences about what could not be understood.
    pub warnings: Vec<String>,
}

impl Kivy {
    /// Reads the file that the environment leads to, and the overrides in the environment.
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
                Err(error) => warnings.push(format!("{} is not used: {error}", path.display())),
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
        let mut take = |section: &str, key: &str, wanted: &str, understand: &mut dyn FnMut(&str) -> bool| {
            if let Some(value) = ini.get(section, key)
                && !understand(value.trim())
            {
                let shown: String = value.chars().take(60).collect();
                warnings.push(format!("[{section}] {key} is {shown:?}, it must be {wanted}"));
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
                Ok(Some((rule, complaints))) => {
                    warnings.extend(complaints.into_iter().map(|what| format!("[input] {key}: {what}")));
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

    /// What is done to the touches of the device at a node such as event0, by the rule that it was taken for.
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

/// Where the file is, if anywhere.
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

/// The file's text; `None`: there is no file.
fn read(path: &Path) -> io::Result<Option<String>> {
    // Without O_NONBLOCK a pipe would keep who reads it waiting, for ever if nobody writes to it.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match open(path, flags, Mode::empty()).map_err(io::Error::from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => File::from(opened?),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("it is longer than {LARGEST} bytes")));
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Puts a value that was understood into its place, and tells whether it was.
fn set<T>(place: &mut T, value: Option<T>) -> bool {
    let understood = value.is_some();
    if let Some(value) = value {
        *place = value;
    }
    understood
}

/// Python's words for yes and no.
fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "1" | "yes" | "true" | "on" => Some(true),
        "0" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// Python's levels, for which ours have other names.
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

/// Reads `[(0.0, 0.0, 1.0, 0.1), (0.9, 0.9, 1.0, 1.0)]`.
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
