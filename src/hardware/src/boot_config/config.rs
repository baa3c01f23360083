// SPDX-License-Identifier: GPL-3.0-or-later
//! Parses config.txt as far as it affects the use of pins: sections, overlays with parameters, and included
//! files.

use std::fmt;

use super::overlays;

/// The overlay for the kernel's PWM on any pin.
pub(super) const OVERLAY: &str = "pwm-gpio";

/// The default pin of that overlay.
const DEFAULT_PIN: u8 = 4;

/// Maximum depth of included files.
const DEEPEST: usize = 4;

/// Maximum number of files, because files can include each other.
const MOST_FILES: usize = 100;

/// Whether a line applies to this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It does not.
    Never,
    /// It may: this depends on what only the firmware can evaluate.
    Maybe,
    /// It does.
    Always,
}

/// A line that uses a pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The name of the file.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// The line itself.
    pub text: String,
    /// Whether it is for the kernel's PWM.
    pub is_pwm: bool,
    /// Its pins.
    pub pins: Vec<u8>,
    /// Whether it applies.
    pub effect: Effect,
}

/// A line that conflicts with the lamp.
#[derive(Debug, PartialEq, Eq)]
pub struct Conflict<'a> {
    /// The line.
    pub line: &'a Use,
    /// The lamp's pin that it uses.
    pub pin: u8,
}

impl fmt::Display for Conflict<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Use { file, line, text, .. } = self.line;
        write!(
            formatter,
            "{file}:{line}: {text} uses GPIO {}, a pin of the LEDs; remove the line or comment it out with #",
            self.pin
        )
    }
}

/// The result of parsing config.txt.
#[derive(Debug, Default)]
pub struct Config {
    /// The lines that use pins, in order.
    pub uses: Vec<Use>,
    /// `os_prefix`, the prefix of the kernel's file names.
    pub os_prefix: String,
    /// `overlay_prefix`, the prefix of overlay names, if set.
    pub overlay_prefix: Option<String>,
}

/// An overlay that is being loaded: parameters may follow on separate lines.
struct Overlay {
    file: String,
    line: usize,
    text: String,
    name: String,
    parameters: Vec<String>,
    effect: Effect,
}

/// The sections that apply to a line, one of each kind.
struct Sections {
    model: Effect,
    /// A section that only the firmware can evaluate, and `[none]`.
    other: Effect,
}

struct Reader<'a> {
    config: Config,
    sections: Sections,
    overlay: Option<Overlay>,
    files: usize,
    models: Option<&'a [&'static str]>,
    include: &'a dyn Fn(&str) -> Option<Vec<u8>>,
}

/// Parses the file `name`. `models` are the sections that apply to this machine, if known; `include` returns
/// the content of included files.
pub(super) fn read(
    name: &str,
    content: &[u8],
    models: Option<&[&'static str]>,
    include: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Config {
    let sections = Sections { model: Effect::Always, other: Effect::Always };
    let mut reader = Reader { config: Config::default(), sections, overlay: None, files: 0, models, include };
    reader.file(name, content, 0);
    reader.end_overlay();
    reader.config
}

impl Config {
    /// Those of `pins` that a line certainly assigns to the kernel's PWM.
    #[must_use]
    pub fn driven(&self, pins: &[u8]) -> Vec<u8> {
        let has = |pin: u8| {
            let mut uses = self.uses.iter();
            uses.any(|line| line.is_pwm && line.effect == Effect::Always && line.pins.contains(&pin))
        };
        pins.iter().copied().filter(|pin| has(*pin)).collect()
    }

    /// The first line that uses one of `pins` for something else, or only on some machines.
    #[must_use]
    pub fn conflict(&self, pins: &[u8]) -> Option<Conflict<'_>> {
        let driven = self.driven(pins);
        self.uses
            .iter()
            .filter(|line| line.effect != Effect::Never)
            .filter(|line| !line.is_pwm || line.effect == Effect::Maybe)
            .find_map(|line| {
                let wanted = |pin: &&u8| pins.contains(pin) && !(line.is_pwm && driven.contains(pin));
                line.pins.iter().find(wanted).map(|pin| Conflict { line, pin: *pin })
            })
    }

    /// Possible paths of an overlay's file, relative to config.txt's directory, the firmware's first choice
    /// first.
    #[must_use]
    pub fn overlay_paths(&self, name: &str) -> Vec<String> {
        let directory = self.overlay_prefix.as_deref().unwrap_or("overlays/");
        let mut paths = vec![format!("{}{directory}{name}.dtbo", self.os_prefix)];
        if !self.os_prefix.is_empty() {
            // The firmware omits the prefix if it finds no overlays with it.
            paths.push(format!("{directory}{name}.dtbo"));
        }
        paths
    }
}

impl Sections {
    fn effect(&self) -> Effect {
        self.model.min(self.other)
    }

    fn enter(&mut self, name: &str, models: Option<&[&'static str]>) {
        if name == "all" {
            *self = Self { model: Effect::Always, other: Effect::Always };
        } else if name == "none" {
            self.other = Effect::Never;
        } else if overlays::MODELS.contains(&name) {
            self.model = match models {
                None => Effect::Maybe,
                Some(models) if models.contains(&name) => Effect::Always,
                Some(_) => Effect::Never,
            };
        } else {
            self.other = Effect::Maybe;
        }
    }
}

impl Reader<'_> {
    fn file(&mut self, name: &str, content: &[u8], depth: usize) {
        self.files += 1;
        for (number, line) in (1..).zip(content.split(|byte| *byte == b'\n')) {
            let line = String::from_utf8_lossy(line);
            let line = line.trim_start_matches('\u{feff}').trim();
            if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                self.sections.enter(section.trim(), self.models);
            } else if let Some(included) = line.strip_prefix("include ") {
                self.include(included.trim(), depth);
            } else if let Some((key, value)) = line.split_once('=')
                && !line.starts_with('#')
                && self.sections.effect() != Effect::Never
            {
                self.setting(name, number, line, key.trim(), value.trim());
            }
        }
    }

    fn include(&mut self, name: &str, depth: usize) {
        if depth < DEEPEST
            && self.files < MOST_FILES
            && self.sections.effect() != Effect::Never
            && let Some(content) = (self.include)(name)
        {
            self.file(name, &content, depth + 1);
        }
    }

    fn setting(&mut self, file: &str, line: usize, text: &str, key: &str, value: &str) {
        let effect = self.sections.effect();
        let pins = match key {
            "dtoverlay" | "device_tree_overlay" => {
                self.end_overlay();
                let mut words = value.split(',').map(str::trim);
                let path = words.next().unwrap_or_default();
                let name = path.rsplit('/').next().unwrap_or(path);
                // The name of an overlay ends at a blank.
                let name = name.split_whitespace().next().unwrap_or_default();
                let name = name.trim_end_matches(".dtbo").trim_end_matches("-overlay.dtb");
                // An empty name ends the parameters of the previous overlay.
                self.overlay = (!name.is_empty()).then(|| Overlay {
                    file: file.to_owned(),
                    line,
                    text: text.to_owned(),
                    name: name.to_owned(),
                    parameters: words.map(str::to_owned).collect(),
                    effect,
                });
                return;
            }
            "dtparam" | "device_tree_param" => {
                let words: Vec<&str> = value.split(',').map(str::trim).collect();
                if let Some(overlay) = &mut self.overlay {
                    overlay.parameters.extend(words.iter().map(|word| (*word).to_owned()));
                }
                // A parameter that the overlay does not have is the board's.
                overlays::board_pins(&words)
            }
            "gpio" => overlays::pins_of_gpio_line(value),
            "enable_jtag_gpio" if value == "1" => (22..=27).collect(),
            "os_prefix" => {
                value.clone_into(&mut self.config.os_prefix);
                return;
            }
            "overlay_prefix" => {
                self.config.overlay_prefix = Some(value.to_owned());
                return;
            }
            _ => return,
        };
        if !pins.is_empty() {
            let (file, text) = (file.to_owned(), text.to_owned());
            self.config.uses.push(Use { file, line, text, is_pwm: false, pins, effect });
        }
    }

    fn end_overlay(&mut self) {
        let Some(Overlay { file, line, text, name, parameters, effect }) = self.overlay.take() else {
            return;
        };
        let words: Vec<&str> = parameters.iter().map(String::as_str).collect();
        let is_pwm = name == OVERLAY;
        let pins = if is_pwm {
            let told = words.iter().rev().find_map(|word| word.strip_prefix("gpio="));
            vec![told.and_then(overlays::number).unwrap_or(DEFAULT_PIN)]
        } else {
            overlays::pins(&name, &words)
        };
        if !pins.is_empty() {
            self.config.uses.push(Use { file, line, text, is_pwm, pins, effect });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use programs::pins::LEDS;

    /// The number of the conflicting line, and its pin.
    fn conflict(text: &str, models: Option<&[&'static str]>) -> Option<(usize, u8)> {
        let include = |name: &str| (name == "more.txt").then(|| b"dtoverlay=gpio-led\n".to_vec());
        let config = read("config.txt", text.as_bytes(), models, &include);
        config.conflict(&LEDS).map(|conflict| (conflict.line.line, conflict.pin))
    }

    #[test]
    fn finds_lines_that_use_the_pins() {
        for (text, expected) in [
            ("", None),
            ("dtoverlay=vc4-kms-v3d\ndtparam=audio=on\ndtparam=spi=on\n", None),
            ("dtoverlay=pitft28-capacitive,rotate=90,speed=64000000,fps=30\n", None),
            ("# dtoverlay=hifiberry-dac\n", None),
            ("dtoverlay=vc4-kms-v3d # hifiberry\n", None),
            ("dtoverlay=vga666\n", Some((1, 13))),
            ("dtoverlay=vc4-kms-kippah-7inch\n", Some((1, 13))),
            ("dtoverlay=tc358743-audio\n", Some((1, 19))),
            ("dtoverlay=hifiberry-dac\r\n", Some((1, 19))),
            ("\n dtoverlay = i2s-dac \n", Some((2, 19))),
            ("dtoverlay=i2s-gpio28-31\n", None),
            ("dtparam=i2s=on\n", Some((1, 19))),
            ("dtparam=i2c=on,i2s\n", Some((1, 19))),
            ("dtparam=i2s=off\n", None),
            ("dtoverlay=pwm\n", None),
            ("dtoverlay=pwm,pin=13,func=4\n", Some((1, 13))),
            ("dtoverlay=pwm-2chan\n", Some((1, 19))),
            ("dtoverlay=pwm-2chan,pin=12,func=4,pin2=45,func2=4\n", None),
            ("dtoverlay=audremap\n", Some((1, 13))),
            ("dtoverlay=audremap,pins_18_19\n", Some((1, 19))),
            ("dtoverlay=audremap,pins_40_45\n", None),
            ("dtoverlay=spi1-1cs\n", Some((1, 19))),
            ("dtoverlay=spi0-2cs,cs1_pin=26\n", Some((1, 26))),
            ("dtoverlay=gpio-fan,gpiopin=0x0d\n", Some((1, 13))),
            ("dtoverlay=gpio-fan\n", None),
            ("dtoverlay=w1-gpio\ndtparam=gpiopin=26\n", Some((1, 26))),
            ("dtoverlay=w1-gpio\ndtoverlay=\ndtparam=gpiopin=26\n", None),
            ("dtoverlay=gpio-ir,gpio_pin=19\n", Some((1, 19))),
            ("dtoverlay=gpio-poweroff\n", Some((1, 26))),
            ("dtoverlay=gpio-poweroff,gpiopin=4\n", None),
            ("device_tree_overlay=overlays/gpio-poweroff.dtbo\n", Some((1, 26))),
            ("dtoverlay=i2c5\n", Some((1, 13))),
            ("dtoverlay=i2c5,pins_10_11\n", None),
            ("dtoverlay=sdio\n", Some((1, 26))),
            ("dtoverlay=sdio,gpios_22_25\n", None),
            ("dtoverlay=hd44780-lcd,pin_d5=4,pin_d6=5,pin_d7=6\n", None),
            ("dtoverlay=hd44780-lcd\n", Some((1, 13))),
            ("enable_jtag_gpio=1\n", Some((1, 26))),
            // These set a pin's level before the kernel starts.
            ("gpio=13,19,26=op,dl\n", None),
            ("gpio=12-14=a0\n", Some((1, 13))),
            ("include more.txt\ninclude none.txt\n", Some((1, 19))),
            ("dtoverlay=pwm-gpio,gpio=19\ndtoverlay=pwm-gpio,gpio=26\n", None),
            ("[none]\ndtoverlay=hifiberry-dac\n", None),
            ("[none]\n[all]\ndtoverlay=hifiberry-dac\n", Some((3, 19))),
            ("[none]\n[pi4]\ndtoverlay=hifiberry-dac\n", None),
            ("[EDID=VSC-TD2220]\ndtoverlay=hifiberry-dac\n", Some((2, 19))),
        ] {
            assert_eq!(conflict(text, Some(&["pi4"])), expected, "{text}");
        }
    }

    #[test]
    fn applies_sections_by_model() {
        let text = "[pi4]\ndtoverlay=hifiberry-dac\n[pi3]\ndtoverlay=gpio-led\n";
        assert_eq!(conflict(text, Some(&["pi4", "pi400"])), Some((2, 19)));
        assert_eq!(conflict(text, Some(&["pi3"])), Some((4, 19)));
        assert_eq!(conflict(text, Some(&["pi5"])), None);
        assert_eq!(conflict(text, None), Some((2, 19)));
    }

    #[test]
    fn distinguishes_certain_from_possible_pwm() {
        let text = "dtoverlay=pwm-gpio,gpio=19\n[pi4]\ndtoverlay=pwm-gpio\ndtparam=gpio=26\n[pi5]\ndtoverlay=pwm-gpio,gpio=13\n";
        let driven = |models| read("c", text.as_bytes(), models, &|_| None).driven(&LEDS);
        assert_eq!(driven(Some(&["pi4"][..])), [19, 26]);
        assert_eq!(driven(None), [19]);
        assert_eq!(conflict(text, None), Some((3, 26)));
        assert_eq!(conflict(text, Some(&["pi4"])), None);
    }

    #[test]
    fn applies_prefixes_to_overlay_paths() {
        let config = read("c", b"os_prefix=current/\n", None, &|_| None);
        assert_eq!(config.overlay_paths("x"), ["current/overlays/x.dtbo", "overlays/x.dtbo"]);
        let config = read("c", b"overlay_prefix=o-\n", None, &|_| None);
        assert_eq!(config.overlay_paths("x"), ["o-x.dtbo"]);
    }

    #[test]
    fn accepts_any_content() {
        for text in [
            "[",
            "]",
            "[]",
            "=",
            "gpio=",
            "gpio=-",
            "gpio=9-1=a0",
            "gpio=0-999999999=a0",
            "dtoverlay=,",
            "\u{0}\n\r[pi",
        ] {
            assert_eq!(conflict(text, None), None, "{text}");
        }
        read("c", b"\xff\xfe\ngpio=\xff=a0\ninclude c\n", None, &|_| Some(b"include c\n".repeat(200)));
    }
}
