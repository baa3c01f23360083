// SPDX-License-Identifier: GPL-3.0-or-later
//! The pins that Raspberry Pi's overlays use, from the kernel's `arch/arm/boot/dts/overlays/README`.
//!
//! For an unknown overlay, the parameters that are named after pins decide.

/// Sections of config.txt for models.
pub(super) const MODELS: [&str; 19] = [
    "pi0", "pi0w", "pi02", "pi1", "pi2", "pi3", "pi3+", "pi4", "pi400", "pi5", "pi500", "cm0", "cm1", "cm3",
    "cm3+", "cm4", "cm4s", "cm5", "pi500+",
];

/// The pins of I2S.
const I2S: [u8; 4] = [18, 19, 20, 21];

/// Substrings in the names of overlays for I2S sound.
const SOUND: [&str; 40] = [
    "adau",
    "akkordion",
    "allo-",
    "applepi-dac",
    "audioinjector",
    "audiosense",
    "chipdip-dac",
    "cirrus-wm5102",
    "codec",
    "-dac",
    "dacberry",
    "dionaudio",
    "draws",
    "fe-pi",
    "ghost-amp",
    "googlevoicehat",
    "hifiberry",
    "i-sabre",
    "i2s-",
    "interludeaudio",
    "iqaudio",
    "justboom",
    "max98357a",
    "merus-amp",
    "pibell",
    "pifi-",
    "pisound",
    "pivumeter",
    "proto-codec",
    "rpi-dac",
    "rpi-digiampplus",
    "rpi-proto",
    "respeaker",
    "rra-digidac1",
    "seeed-",
    "soundcard",
    "superaudioboard",
    "tc358743-audio",
    "udrc",
    "ugreen-dabboard",
];

/// Parameters with a pin that are not named after pins.
const PIN_PARAMETERS: [&str; 13] = [
    "penirq",
    "interrupt",
    "irq",
    "extpullup",
    "reset",
    "dc",
    "led",
    "busy",
    "i2c_gpio_sda",
    "i2c_gpio_scl",
    "backlight",
    "sda",
    "scl",
];

/// Default pins of overlays: overlay, parameter, pin.
const DEFAULTS: [(&str, &str, u8); 7] = [
    ("gpio-hog", "gpio", 26),
    ("gpio-led", "gpio", 19),
    ("gpio-poweroff", "gpiopin", 26),
    ("hd44780-lcd", "pin_d5", 13),
    ("hd44780-lcd", "pin_d6", 19),
    ("hd44780-lcd", "pin_d7", 26),
    ("pwm-2chan", "pin2", 19),
];

/// Pins that overlays use, unless a parameter such as `pins_4_5` selects others.
fn fixed(name: &str) -> Vec<u8> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    match name {
        // It moves I2S to other pins.
        "i2s-gpio28-31" => Vec::new(),
        "audremap" | "i2c5" | "uart5" | "uart4-pi5" => vec![12, 13],
        "audremap-pin19" => vec![19],
        _ if starts(&["spi1-", "spi6-"]) => vec![19, 20, 21],
        "spi5-2cs" => vec![12, 13, 14, 15, 26],
        _ if starts(&["spi5-"]) => vec![12, 13, 14, 15],
        _ if starts(&["sdio"]) => (22..=27).collect(),
        _ if starts(&["smi"]) => (2..=25).collect(),
        // 18 bits of colour on GPIO 4 to 21, clock and synchronisation below.
        "vga666" | "vc4-kms-vga666" | "vc4-kms-kippah-7inch" => (0..=21).collect(),
        // All use 12 to 17; only those with 24 bits use 26.
        "dpi24" | "vc4-kms-dpi-generic" => (0..=27).collect(),
        _ if starts(&["dpi", "vc4-kms-dpi"]) => (12..=17).collect(),
        _ if SOUND.iter().any(|part| name.contains(part)) => I2S.to_vec(),
        _ => Vec::new(),
    }
}

/// The pins that an overlay uses with these parameters.
pub(super) fn pins(name: &str, parameters: &[&str]) -> Vec<u8> {
    let told = |wanted: &str| parameters.iter().any(|word| word.split('=').next() == Some(wanted));
    let chosen: Vec<u8> = parameters.iter().flat_map(|word| chosen(word)).collect();
    let mut pins = if chosen.is_empty() { fixed(name) } else { chosen };
    let defaults = DEFAULTS.iter().filter(|(overlay, ..)| *overlay == name);
    pins.extend(defaults.filter(|(_, parameter, _)| !told(parameter)).map(|(_, _, pin)| *pin));
    pins.extend(parameters.iter().filter_map(|word| {
        let (key, value) = word.split_once('=')?;
        names_a_pin(key).then(|| number(value))?
    }));
    pins
}

/// The pins that the board's own parameters use.
pub(super) fn board_pins(parameters: &[&str]) -> Vec<u8> {
    let mut pins = Vec::new();
    for word in parameters {
        let (key, value) = word.split_once('=').unwrap_or((word, "on"));
        match key {
            "i2s" if ["on", "yes", "true", "okay", "1"].contains(&value) => pins.extend(I2S),
            "act_led_gpio" | "pwr_led_gpio" | "cam0_reg_gpio" | "cam1_reg_gpio" => pins.extend(number(value)),
            _ => {}
        }
    }
    pins
}

/// The pins that a line `gpio=LIST=WORDS` assigns to something else. Input, output and pull only apply until
/// a driver uses the pin.
pub(super) fn pins_of_gpio_line(value: &str) -> Vec<u8> {
    let Some((pins, words)) = value.split_once('=') else { return Vec::new() };
    let is_function =
        |word: &str| word.strip_prefix('a').is_some_and(|rest| rest.len() == 1 && number(rest).is_some());
    if !words.split(',').any(|word| is_function(word.trim())) {
        return Vec::new();
    }
    pins.split(',')
        .filter_map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some(number(first)?..=number(last)?)
        })
        .flatten()
        .collect()
}

/// Parses a number in config.txt.
pub(super) fn number(text: &str) -> Option<u8> {
    let text = text.trim();
    match text.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The pins in a parameter such as `pins_12_13`, or `gpios_22_25`, which is a range.
fn chosen(parameter: &str) -> Vec<u8> {
    let numbers = |list: &str| list.split('_').map(number).collect::<Option<Vec<u8>>>();
    if let Some(pins) = parameter.strip_prefix("pins_").and_then(numbers) {
        return pins;
    }
    match parameter.strip_prefix("gpios_").and_then(numbers).as_deref() {
        Some([first, last]) => (*first..=*last).collect(),
        _ => Vec::new(),
    }
}

fn names_a_pin(key: &str) -> bool {
    let about = ["pull", "func", "active", "level", "debounce"];
    let words = || key.split(['_', '-']);
    if words().any(|word| about.contains(&word)) {
        return false;
    }
    let is_pin = |word: &str| ["gpio", "gpiopin", "pin", "pin2"].contains(&word);
    words().any(is_pin) || PIN_PARAMETERS.contains(&key)
}
