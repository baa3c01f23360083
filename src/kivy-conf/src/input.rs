// SPDX-License-Identifier: GPL-3.0-or-later
//! Values of `[input]`: which touch screen to use, and how to map its units to positions on the screen.
//!
//! - `mtdev,/dev/input/eventN,OPTION=NUMBER,...` and `hidinput,...` set a device. The options are
//!   `min_position_x`, `max_position_x`, the same for y, `invert_x`, `invert_y` and `rotation`; `hidinput`
//!   also supports `min_abs_x`, `max_abs_x` and the same for y, for single-touch panels. The device's own
//!   range is the default. As in Kivy, `hidinput` inverts y unless `invert_y=0` is set.
//! - `probesysfs,provider=mtdev,match=TEXT,use_regex=0,param=OPTION=NUMBER,...` selects the first touch
//!   screen with TEXT in its name; with `use_regex=1`, TEXT is a regular expression that matches the start of
//!   the name. `select_all` and `use_mouse` have no effect: only touch screens are used.
//! - `mouse` is ignored.
//!
//! Options for the size of a touch are accepted and have no effect. `min_pressure` and `max_pressure` apply
//! to a screen that reports only pressure. As in Kivy, a minimum above the maximum reverses an axis.
//!
//! `[postproc:calibration]` then scales and shifts the touches of a device, see [`Recalibration`].

use std::path::PathBuf;

use regex_lite::Regex;

/// A touch screen and its calibration.
#[derive(Debug, PartialEq)]
pub struct Rule {
    /// The key of the line, for messages.
    pub key: String,
    /// Kivy's provider for the device.
    pub provider: Provider,
    /// The device.
    pub device: Device,
    /// The mapping from its units to positions.
    pub calibration: Calibration,
    /// Number of calibration options that are set.
    pub options: usize,
}

/// Kivy's module that reads a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Multi-touch screens, with the library mtdev.
    Mtdev,
    /// Any screen, with the kernel's events.
    Hidinput,
}

impl Provider {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mtdev => "mtdev",
            Self::Hidinput => "hidinput",
        }
    }
}

/// The device of a rule.
#[derive(Debug)]
pub enum Device {
    /// The device at this path.
    Path(PathBuf),
    /// Any device with this text in its name.
    Named(String),
    /// Any device with a name that matches.
    Fitting(Regex),
}

impl PartialEq for Device {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Path(one), Self::Path(other)) => one == other,
            (Self::Named(one), Self::Named(other)) => one == other,
            (Self::Fitting(one), Self::Fitting(other)) => one.as_str() == other.as_str(),
            _ => false,
        }
    }
}

impl Device {
    /// Whether the rule selects a device by this name.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        match self {
            Self::Path(_) => false,
            Self::Named(part) => name.contains(part),
            Self::Fitting(expression) => expression.is_match(name),
        }
    }
}

/// Minimum and maximum of an axis, if set.
pub type Ends = (Option<i32>, Option<i32>);

/// The mapping from a device's units to positions on the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calibration {
    /// Ranges of the multi-touch axes x and y.
    pub position: [Ends; 2],
    /// Ranges of the single-touch axes x and y.
    pub single: [Ends; 2],
    /// Range of the pressure.
    pub pressure: Ends,
    /// Whether the axes x and y are inverted.
    pub inverted: [bool; 2],
    /// Rotation of the panel in degrees: 0, 90, 180 or 270.
    pub rotation: i32,
}

impl Calibration {
    /// Maps a position on the device to one on the screen; both from 0 to 1, from the upper left corner.
    #[must_use]
    pub fn place(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let [x, y] = [(x, self.inverted[0]), (y, self.inverted[1])]
            .map(|(value, inverted)| if inverted { 1.0 - value } else { value });
        match self.rotation {
            90 => (1.0 - y, 1.0 - x),
            180 => (1.0 - x, 1.0 - y),
            270 => (y, x),
            _ => (x, y),
        }
    }

    /// Applies `OPTION=NUMBER`, or returns why it is ignored.
    fn take(&mut self, option: &str, is_hidinput: bool) -> Result<(), String> {
        let Some((name, value)) = option.split_once('=') else {
            return Err(format!("{option:?} is not OPTION=NUMBER; it is ignored"));
        };
        let (name, value) = (name.trim(), value.trim());
        let unknown = || Err(format!("unknown option {name:?}; it is ignored"));
        let number: i32 = value
            .parse()
            .map_err(|_| format!("{name} is {value:?} but must be a whole number; it is ignored"))?;
        if name.contains("_abs_") && !is_hidinput {
            return unknown();
        }
        let place = match name {
            "min_position_x" => &mut self.position[0].0,
            "max_position_x" => &mut self.position[0].1,
            "min_position_y" => &mut self.position[1].0,
            "max_position_y" => &mut self.position[1].1,
            "min_abs_x" => &mut self.single[0].0,
            "max_abs_x" => &mut self.single[0].1,
            "min_abs_y" => &mut self.single[1].0,
            "max_abs_y" => &mut self.single[1].1,
            "invert_x" | "invert_y" => {
                self.inverted[usize::from(name == "invert_y")] = number != 0;
                return Ok(());
            }
            "rotation" if matches!(number, 0 | 90 | 180 | 270) => {
                self.rotation = number;
                return Ok(());
            }
            "rotation" => {
                return Err(format!("rotation is {number} but must be 0, 90, 180 or 270; 0 is used"));
            }
            "min_pressure" => &mut self.pressure.0,
            "max_pressure" => &mut self.pressure.1,
            "min_touch_major" | "max_touch_major" | "min_touch_minor" | "max_touch_minor" => return Ok(()),
            _ => return unknown(),
        };
        *place = Some(number);
        Ok(())
    }
}

/// A line of `[postproc:calibration]`: scales and shifts the touches of a device after everything else. With
/// it, a touch screen can cover a part of the frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Recalibration {
    /// Multiplies x and y, then adds to them, in fractions of the screen from its lower left corner.
    Linear {
        /// Factors for x and y.
        ratio: [f32; 2],
        /// Added to x and y.
        offset: [f32; 2],
    },
    /// The device covers a screen of this width and height, with the frame in its upper left corner. Touches
    /// outside the frame are ignored.
    Covers(f32, f32),
}

impl Recalibration {
    /// Parses `xratio=0.5,xoffset=0.25` or `auto=1920x1080`.
    pub(crate) fn parse(value: &str) -> Result<Self, String> {
        let (mut ratio, mut offset) = ([1.0; 2], [0.0; 2]);
        for option in value.split(',').map(str::trim).filter(|option| !option.is_empty()) {
            let invalid =
                || Err(format!("{option:?} is not a calibration such as xratio=0.5 or auto=1920x1080"));
            let Some((name, value)) = option.split_once('=') else { return invalid() };
            if name == "auto" {
                let side = |text: &str| {
                    text.trim().parse().ok().filter(|side: &f32| side.is_finite() && *side > 0.0)
                };
                let sides =
                    value.split_once('x').and_then(|(width, height)| Some((side(width)?, side(height)?)));
                let Some((width, height)) = sides else { return invalid() };
                return Ok(Self::Covers(width, height));
            }
            let place = match name {
                "xratio" => &mut ratio[0],
                "yratio" => &mut ratio[1],
                "xoffset" => &mut offset[0],
                "yoffset" => &mut offset[1],
                _ => return invalid(),
            };
            let Some(number) = value.trim().parse().ok().filter(|number: &f32| number.is_finite()) else {
                return invalid();
            };
            *place = number;
        }
        Ok(Self::Linear { ratio, offset })
    }

    /// Maps a calibrated position to one on a frame of this width and height in pixels; both positions from 0
    /// to 1, from the upper left corner. `None`: outside the frame.
    #[must_use]
    pub fn place(&self, (x, y): (f32, f32), (width, height): (u32, u32)) -> Option<(f32, f32)> {
        match self {
            Self::Linear { ratio, offset } => {
                Some((x * ratio[0] + offset[0], 1.0 - ((1.0 - y) * ratio[1] + offset[1])))
            }
            Self::Covers(wide, high) => {
                let (x, y) = (x * wide / width as f32, y * high / height as f32);
                ((0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)).then_some((x, y))
            }
        }
    }
}

impl Rule {
    /// Parses the value of a key. Returns the rule and warnings about ignored parts; `Ok(None)` for a mouse.
    pub fn parse(key: &str, value: &str) -> Result<Option<(Self, Vec<String>)>, String> {
        let mut words = value.split(',').map(str::trim);
        match words.next().unwrap_or_default() {
            "mouse" => Ok(None),
            "probesysfs" => Self::probe(key, words).map(Some),
            provider @ ("mtdev" | "hidinput") => {
                let provider = provider_called(provider);
                let Some(path) = words.next().filter(|path| path.starts_with('/')) else {
                    let name = provider.name();
                    return Err(format!("{name} requires a device, as in {name},/dev/input/event0"));
                };
                Ok(Some(Self::new(key, Device::Path(path.into()), provider, words)))
            }
            other => Err(format!(
                "unknown provider {:?}; use mtdev, hidinput or probesysfs",
                other.chars().take(40).collect::<String>()
            )),
        }
    }

    fn new<'a>(
        key: &str,
        device: Device,
        provider: Provider,
        given: impl Iterator<Item = &'a str>,
    ) -> (Self, Vec<String>) {
        let is_hidinput = provider == Provider::Hidinput;
        let mut calibration = Calibration { inverted: [false, is_hidinput], ..Calibration::default() };
        let (mut options, mut warnings) = (0, Vec::new());
        for option in given.filter(|option| !option.is_empty()) {
            match calibration.take(option, is_hidinput) {
                Ok(()) => options += 1,
                Err(warning) => warnings.push(warning),
            }
        }
        (Self { key: key.to_owned(), provider, device, calibration, options }, warnings)
    }

    /// Kivy's name for the touch screen at a device node such as event0, as used in `[postproc:calibration]`.
    #[must_use]
    pub fn device_name(&self, node: &str) -> String {
        match self.device {
            Device::Path(_) => self.key.clone(),
            Device::Named(_) | Device::Fitting(_) => self.key.replace("%(name)s", node),
        }
    }

    fn probe<'a>(key: &str, words: impl Iterator<Item = &'a str>) -> Result<(Self, Vec<String>), String> {
        let (mut provider, mut name, mut is_regex) = (Provider::Mtdev, "", false);
        let (mut options, mut warnings) = (Vec::new(), Vec::new());
        for word in words.filter(|word| !word.is_empty()) {
            match word.split_once('=') {
                Some(("provider", value @ ("mtdev" | "hidinput"))) => provider = provider_called(value),
                Some(("provider", value)) => {
                    warnings.push(format!("unknown provider {value:?}; hidinput is used"));
                    provider = Provider::Hidinput;
                }
                Some(("match", value)) => name = value,
                Some(("use_regex", value)) => is_regex = value == "1",
                Some(("select_all" | "use_mouse", _)) => {}
                Some(("param", option)) => options.push(option),
                _ => warnings.push(format!("unknown option {word:?} of probesysfs; it is ignored")),
            }
        }
        let device = if is_regex {
            // As Python's re.match: anchored at the start only.
            let expression = Regex::new(&format!("(?i)^(?:{name})"))
                .map_err(|error| format!("match is {name:?}, which is not a regular expression: {error}"))?;
            Device::Fitting(expression)
        } else {
            Device::Named(name.to_owned())
        };
        let (rule, more) = Self::new(key, device, provider, options.into_iter());
        warnings.extend(more);
        Ok((rule, warnings))
    }
}

fn provider_called(name: &str) -> Provider {
    if name == Provider::Mtdev.name() { Provider::Mtdev } else { Provider::Hidinput }
}
