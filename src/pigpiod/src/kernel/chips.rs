// SPDX-License-Identifier: GPL-3.0-or-later
//! Finds the PWM chip of each pin in the device tree. Chip numbers differ between kernels.

use super::{LEDS, Sysfs};

/// Device-tree names of the processor's own GPIO controllers.
const CONTROLLERS: [&str; 4] =
    ["brcm,bcm2835-gpio", "brcm,bcm2711-gpio", "brcm,bcm7211-gpio", "raspberrypi,rp1-gpio"];

/// The pins of [`LEDS`] without a chip.
pub fn missing(sysfs: &impl Sysfs) -> Vec<u32> {
    LEDS.iter().zip(find(sysfs)).filter(|(_, chip)| chip.is_none()).map(|(led, _)| led.pin).collect()
}

/// The name in /sys/class/pwm of the chip of each of [`LEDS`].
pub(super) fn find(sysfs: &impl Sysfs) -> [Option<String>; LEDS.len()] {
    let controllers = controllers(sysfs);
    let chips = sysfs.list("class/pwm").unwrap_or_default();
    let lines: Vec<(u32, String)> =
        chips.into_iter().filter_map(|chip| Some((line(sysfs, &chip, &controllers)?, chip))).collect();
    LEDS.map(|led| lines.iter().find(|(line, _)| *line == led.pin).map(|(_, chip)| chip.clone()))
}

/// The pin of a pwm-gpio chip, if it is a pin of the processor.
///
/// The third cell, 1 for an active-low LED, is ignored: the kernel's GPIO layer inverts such a line, so the
/// duty cycle means light with normal polarity in both cases.
fn line(sysfs: &impl Sysfs, chip: &str, controllers: &[u32]) -> Option<u32> {
    let node = format!("class/pwm/{chip}/device/of_node");
    if !is_compatible(sysfs, &node, &["pwm-gpio"]) {
        return None;
    }
    let cells = sysfs.read(&format!("{node}/gpios")).ok()?;
    let [controller, line, _] = cells.as_chunks().0 else { return None };
    // If the controllers are unknown, only the pin's number can be compared.
    let is_own = controllers.is_empty() || controllers.contains(&u32::from_be_bytes(*controller));
    is_own.then(|| u32::from_be_bytes(*line))
}

/// The phandles of the processor's own GPIO controllers: other chips also have a pin 19.
fn controllers(sysfs: &impl Sysfs) -> Vec<u32> {
    let devices = sysfs.list("bus/gpio/devices").unwrap_or_default();
    let handle = |device: String| {
        let node = format!("bus/gpio/devices/{device}/of_node");
        let is_own = is_compatible(sysfs, &node, &CONTROLLERS);
        let handle = sysfs.read(&format!("{node}/phandle")).ok().filter(|_| is_own)?;
        handle.try_into().ok().map(u32::from_be_bytes)
    };
    devices.into_iter().filter_map(handle).collect()
}

fn is_compatible(sysfs: &impl Sysfs, node: &str, with: &[&str]) -> bool {
    let names = sysfs.read(&format!("{node}/compatible")).unwrap_or_default();
    names.split(|byte| *byte == 0).any(|name| with.iter().any(|wanted| wanted.as_bytes() == name))
}
