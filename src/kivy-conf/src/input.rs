// SPDX-License-Identifier: GPL-3.0-or-later
//! Values of `[input]`: which touch screen to take, and how its units become places on the screen.
//!
//! - `mtdev,/dev/input/eventN,OPTION=NUMBER,...` and `hidinput,...` name a device. Options are `min_position_x`,
//!   `max_position_x` and the same for y, `invert_x`, `invert_y` and `rotation`; `hidinput` knows `min_abs_x` and the
//!   like for single-touch panels too. What a device lacks of a range it says itself. `hidinput` inverts y unless
//!   `invert_y=0` says otherwise, as it does in Kivy.
//! - `probesysfs,provider=mtdev,match=TEXT,use_regex=0,param=OPTION=NUMBER,...` takes the first touch screen whose name
//!   contains the text, or with `use_regex=1` begins with what the regular expression means. `select_all` and
//!   `use_mouse` change nothing: a device that is no touch screen is never taken.
//!
//! Pressure and size of a touch mean nothing to the lamp: their options are known and not used. A `mouse` is none.

use std::path::PathBuf;

use regex_lite::Regex;

/// A touch screen and its calibration.
#[derive(Debug, PartialEq)]
pub struct Rule {
    /// Which device.
    pub device: Device,
    /// How its units become places.
    pub calibration: Calibration,
}

/// Which device a rule is for.
#[derive(Debug)]
pub enum Device {
    /// The one at a path.
    Path(PathBuf),
    /// Any whose name contains a text.
    Named(String),
    /// Any whose name fits an expression.
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
    /// Whether a device with this name is meant, wherever it is.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        match self {
            Self::Path(_) => false,
            Self::Named(part) => name.contains(part),
            Self::Fitting(expression) => expression.is_match(name),
        }
    }
}

/// Smallest and largest value of an axis, where they are given.
pub type Ends = (Option<i32>, Option<i32>);

/// How a device's units become places on the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calibration {
    /// Ends of the multi-touch axes x and y.
    pub position: [Ends; 2],
    /// Ends of the single-touch axes x and y.
    pub single: [Ends; 2],
    /// Axes x and y that count the other way.
    pub inverted: [bool; 2],
    /// Degrees by which the panel is mounted: 0, 90, 180 or 270.
    pub rotation: i32,
}

impl Calibration {
    /// Where a touch lies on the screen, from what part of each axis it is on; all from 0 to 1 from the upper left.
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

    /// Takes `OPTION=NUMBER`, or says what is wrong with it.
    fn take(&mut self, option: &str, is_hidinput: bool) -> Result<(), String> {
        let Some((name, value)) = option.split_once('=') else {
            return Err(format!("{option:?} is not an option with a value, it is ignored"));
        };
        let (name, value) = (name.trim(), value.trim());
        let unknown = || Err(format!("there is no option {name:?}, it is ignored"));
        let number: i32 = value
            .parse()
            .map_err(|_| format!("{name} is {value:?}, it must be a whole number, it is ignored"))?;
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
                return Err(format!("rotation is {number}, it must be 0, 90, 180 or 270, it is taken as 0"));
            }
            "min_pressure" | "max_pressure" | "min_touch_major" | "max_touch_major" | "min_touch_minor"
            | "max_touch_minor" => return Ok(()),
            _ => return unknown(),
        };
        *place = Some(number);
        Ok(())
    }
}

impl Rule {
    /// Reads a value; also returns sentences about what of it is ignored. `Ok(None)`: it is about no touch screen.
    pub fn parse(value: &str) -> Result<Option<(Self, Vec<String>)>, String> {
        let mut words = value.split(',').map(str::trim);
        match words.next().unwrap_or_default() {
            "mouse" => Ok(None),
            "probesysfs" => Self::probe(words).map(Some),
            provider @ ("mtdev" | "hidinput") => {
                let Some(path) = words.next().filter(|path| path.starts_with('/')) else {
                    return Err(format!("{provider} needs a device, such as {provider},/dev/input/event0"));
                };
                Ok(Some(Self::new(Device::Path(path.into()), provider, words)))
            }
            other => Err(format!(
                "there is no provider {:?}, there are mtdev, hidinput and probesysfs",
                other.chars().take(40).collect::<String>()
            )),
        }
    }

    fn new<'a>(
        device: Device,
        provider: &str,
        options: impl Iterator<Item = &'a str>,
    ) -> (Self, Vec<String>) {
        let is_hidinput = provider == "hidinput";
        let mut calibration = Calibration { inverted: [false, is_hidinput], ..Calibration::default() };
        let complaints = options
            .filter(|option| !option.is_empty())
            .filter_map(|option| calibration.take(option, is_hidinput).err())
            .collect();
        (Self { device, calibration }, complaints)
    }

    fn probe<'a>(words: impl Iterator<Item = &'a str>) -> Result<(Self, Vec<String>), String> {
        let (mut provider, mut name, mut is_regex) = ("mtdev", "", false);
        let (mut options, mut complaints) = (Vec::new(), Vec::new());
        for word in words.filter(|word| !word.is_empty()) {
            match word.split_once('=') {
                Some(("provider", value @ ("mtdev" | "hidinput"))) => provider = value,
                Some(("provider", value)) => {
                    complaints.push(format!("there is no provider {value:?}, hidinput is taken"));
                    provider = "hidinput";
                }
                Some(("match", value)) => name = value,
                Some(("use_regex", value)) => is_regex = value == "1",
                Some(("select_all" | "use_mouse", _)) => {}
                Some(("param", option)) => options.push(option),
                _ => complaints.push(format!("there is no option {word:?} of probesysfs, it is ignored")),
            }
        }
        let device = if is_regex {
            // Anchored at the beginning only.
            let expression = Regex::new(&format!("(?i)^(?:{name})"))
                .map_err(|error| format!("match is {name:?}, which is no regular expression: {error}"))?;
            Device::Fitting(expression)
        } else {
            Device::Named(name.to_owned())
        };
        let (rule, more) = Self::new(device, provider, options.into_iter());
        complaints.extend(more);
        Ok((rule, complaints))
    }
}
