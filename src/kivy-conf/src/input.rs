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
//! Size of a touch means nothing to the lamp: its options are known and not used. `min_pressure` and `max_pressure` count
//! for a screen that reports nothing but pressure. A `mouse` is none.
//!
//! A smallest value above the largest is an axis that counts the other way, as in Kivy.
//!
//! `[postproc:calibration]` then stretches and moves the touches of a device, see [`Recalibration`].

use std::path::PathBuf;

use regex_lite::Regex;

/// A touch screen and its calibration.
#[derive(Debug, PartialEq)]
pub struct Rule {
    /// The key of the line, by which it is named in messages.
    pub key: String,
    /// Which of Kivy's providers reads the device.
    pub provider: Provider,
    /// Which device.
    pub device: Device,
    /// How its units become places.
    pub calibration: Calibration,
    /// How many options of the calibration are given.
    pub options: usize,
}

/// What reads a device in Kivy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Multi-touch screens, by the library mtdev.
    Mtdev,
    /// Any screen, by the kernel's events as they are.
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
    /// Ends of the pressure.
    pub pressure: Ends,
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
            "min_pressure" => &mut self.pressure.0,
            "max_pressure" => &mut self.pressure.1,
            "min_touch_major" | "max_touch_major" | "min_touch_minor" | "max_touch_minor" => return Ok(()),
            _ => return unknown(),
        };
        *place = Some(number);
        Ok(())
    }
}

/// How the touches of a device are stretched and moved after all else, by a line of `[postproc:calibration]`: Kivy's way to
/// have a touch screen cover a part of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Recalibration {
    /// Factors of x and y, then what is added to them, in parts of the screen from its lower left corner.
    Linear {
        /// Factors of x and y.
        ratio: [f32; 2],
        /// What is added to x and y.
        offset: [f32; 2],
    },
    /// The device covers a screen of this width and height, of which the picture is the upper left part. Touches beside the
    /// picture are none.
    Covers(f32, f32),
}

impl Recalibration {
    /// Reads `xratio=0.5,xoffset=0.25` or `auto=1920x1080`, or says what is wrong with it.
    pub(crate) fn parse(value: &str) -> Result<Self, String> {
        let (mut ratio, mut offset) = ([1.0; 2], [0.0; 2]);
        for option in value.split(',').map(str::trim).filter(|option| !option.is_empty()) {
            let wrong = || Err(format!("{option:?} is no calibration, such as xratio=0.5 or auto=1920x1080"));
            let Some((name, value)) = option.split_once('=') else { return wrong() };
            if name == "auto" {
                let side = |text: &str| {
                    text.trim().parse().ok().filter(|side: &f32| side.is_finite() && *side > 0.0)
                };
                let sides =
                    value.split_once('x').and_then(|(width, height)| Some((side(width)?, side(height)?)));
                let Some((width, height)) = sides else { return wrong() };
                return Ok(Self::Covers(width, height));
            }
            let place = match name {
                "xratio" => &mut ratio[0],
                "yratio" => &mut ratio[1],
                "xoffset" => &mut offset[0],
                "yoffset" => &mut offset[1],
                _ => return wrong(),
            };
            let Some(number) = value.trim().parse().ok().filter(|number: &f32| number.is_finite()) else {
                return wrong();
            };
            *place = number;
        }
        Ok(Self::Linear { ratio, offset })
    }

    /// Where a touch lies on a picture of `size` pixels, from where it would lie without; both from 0 to 1 from the upper
    /// left. `None`: beside the picture.
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
    /// Reads the value of a key; also returns sentences about what of it is ignored. `Ok(None)`: it is about no touch screen.
    pub fn parse(key: &str, value: &str) -> Result<Option<(Self, Vec<String>)>, String> {
        let mut words = value.split(',').map(str::trim);
        match words.next().unwrap_or_default() {
            "mouse" => Ok(None),
            "probesysfs" => Self::probe(key, words).map(Some),
            provider @ ("mtdev" | "hidinput") => {
                let provider = provider_called(provider);
                let Some(path) = words.next().filter(|path| path.starts_with('/')) else {
                    let name = provider.name();
                    return Err(format!("{name} needs a device, such as {name},/dev/input/event0"));
                };
                Ok(Some(Self::new(key, Device::Path(path.into()), provider, words)))
            }
            other => Err(format!(
                "there is no provider {:?}, there are mtdev, hidinput and probesysfs",
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
        let (mut options, mut complaints) = (0, Vec::new());
        for option in given.filter(|option| !option.is_empty()) {
            match calibration.take(option, is_hidinput) {
                Ok(()) => options += 1,
                Err(complaint) => complaints.push(complaint),
            }
        }
        (Self { key: key.to_owned(), provider, device, calibration, options }, complaints)
    }

    /// The name that Kivy gives to the touch screen at a node such as event0, by which `[postproc:calibration]` means it.
    #[must_use]
    pub fn device_name(&self, node: &str) -> String {
        match self.device {
            Device::Path(_) => self.key.clone(),
            Device::Named(_) | Device::Fitting(_) => self.key.replace("%(name)s", node),
        }
    }

    fn probe<'a>(key: &str, words: impl Iterator<Item = &'a str>) -> Result<(Self, Vec<String>), String> {
        let (mut provider, mut name, mut is_regex) = (Provider::Mtdev, "", false);
        let (mut options, mut complaints) = (Vec::new(), Vec::new());
        for word in words.filter(|word| !word.is_empty()) {
            match word.split_once('=') {
                Some(("provider", value @ ("mtdev" | "hidinput"))) => provider = provider_called(value),
                Some(("provider", value)) => {
                    complaints.push(format!("there is no provider {value:?}, hidinput is taken"));
                    provider = Provider::Hidinput;
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
        let (rule, more) = Self::new(key, device, provider, options.into_iter());
        complaints.extend(more);
        Ok((rule, complaints))
    }
}

fn provider_called(name: &str) -> Provider {
    if name == Provider::Mtdev.name() { Provider::Mtdev } else { Provider::Hidinput }
}
