// SPDX-License-Identifier: GPL-3.0-or-later
//! The overlay of the panel in config.txt. With two overlays on one bus no panel works, so the doctor adds
//! one only if there is no other and nothing else uses the bus.

use std::path::Path;

use anyhow::bail;

use crate::system::System;
use hardware::boot_config::Boot;
use hardware::devices::spi_devices;
use runtime::quoting::visible;

/// The panel with its touch controller, as in the course's instructions.
pub(crate) const OVERLAY: &str = "dtoverlay=pitft28-capacitive,rotate=90,speed=64000000,fps=30";

/// Prefixes of overlays that drive a panel, from the kernel's `arch/arm/boot/dts/overlays/README` and the
/// manufacturers of panels.
const PANELS: &[&str] = &[
    "adafruit",
    "displayhat",
    "dpi",
    "drm-",
    "elecrow",
    "er-tft",
    "fbtft",
    "flexfb",
    "gc9a01",
    "hdmi-lcd",
    "hktft",
    "hx8357",
    "hy28",
    "hyperpixel",
    "ili9",
    "itdb28",
    "jd-t18003",
    "jdi",
    "joy-it",
    "kedei",
    "lcd",
    "mhs",
    "mi0283",
    "mipi-dbi",
    "mis35",
    "mpi",
    "mz61581",
    "panel",
    "papirus",
    "pcd8544",
    "piscreen",
    "pitft",
    "ra8875",
    "rb-tft",
    "repaper",
    "rpi-display",
    "rpi-ft5406",
    "s6d0",
    "seps525",
    "sh1106",
    "sharp",
    "spotpear",
    "ssd1",
    "st77",
    "tft",
    "tinydrm",
    "tinylcd",
    "uc1701",
    "uctronics",
    "vc4-fkms-dsi",
    "vc4-kms-dpi",
    "vc4-kms-dsi",
    "vc4-kms-kippah",
    "vc4-kms-vga666",
    "vga666",
    "w35",
    "watterott",
    "waveshare",
    "zynthian",
];

/// Prefixes of overlays for other devices on the SPI bus, from the same README.
const SPI_DEVICES: &[&str] = &[
    "2xmcp",
    "ads7846",
    "anyspi",
    "at86rf233",
    "enc28j60",
    "jedec-spi-nor",
    "maxtherm",
    "mcp23s17",
    "mcp25",
    "mcp3008",
    "mcp3202",
    "qca7000",
    "sc16is75",
    "seeed-can",
    "spi-rtc",
    "tpm-slb96",
    "w5500",
];

/// Which panel is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Panel {
    /// None.
    None,
    /// The lamp's overlay is in config.txt.
    Ours,
    /// This line of config.txt, after its number, is the overlay of another panel.
    Other(usize, String),
    /// This line of config.txt includes a file that may have an overlay.
    Included(usize, String),
    /// This line of config.txt is for another device on the panel's bus.
    OnTheBus(usize, String),
    /// The kernel has this device on that bus, although config.txt has no overlay for it.
    Device(String),
}

impl Panel {
    /// According to config.txt, with this text, and the kernel.
    pub(crate) fn of(system: &System, text: &str) -> Self {
        match Self::in_config(text) {
            Self::None => match spi_devices(system.root()).into_iter().next() {
                Some(device) => Self::Device(format!("{} ({})", device.name, visible(&device.kind))),
                None => Self::None,
            },
            panel => panel,
        }
    }

    fn in_config(text: &str) -> Self {
        let mut panel = Self::None;
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            let overlay = line.strip_prefix("dtoverlay").and_then(|rest| rest.trim_start().strip_prefix('='));
            let overlay =
                overlay.map(|rest| rest.trim().rsplit('/').next().unwrap_or(rest).to_ascii_lowercase());
            let begins = |names: &[&str], overlay: &str| names.iter().any(|name| overlay.starts_with(name));
            let found = match overlay {
                // It takes precedence: nothing needs to be added.
                Some(overlay) if overlay.starts_with("pitft") => return Self::Ours,
                Some(overlay) if begins(PANELS, &overlay) => Self::Other(number, line.to_owned()),
                Some(overlay) if begins(SPI_DEVICES, &overlay) && !is_elsewhere(&overlay) => {
                    Self::OnTheBus(number, line.to_owned())
                }
                None if line.starts_with("include ") => Self::Included(number, line.to_owned()),
                _ => continue,
            };
            // A certain panel takes precedence over a possible one.
            if !matches!(panel, Self::Other(..)) {
                panel = found;
            }
        }
        panel
    }
}

/// Whether the name or a parameter of an overlay selects another bus than the panel's, as in
/// `mcp2515,spi1-0`.
fn is_elsewhere(overlay: &str) -> bool {
    (1..=6).any(|bus| overlay.contains(&format!("spi{bus}")))
}

/// Adds the overlay, if it is missing.
pub(super) fn add(system: &System) -> anyhow::Result<String> {
    let boot = Boot::find(system.root())?;
    let text = String::from_utf8_lossy(&boot.found.content);
    let path = system.shown(Path::new(&boot.path()));
    match Panel::of(system, &text) {
        Panel::None => {}
        Panel::Ours => return Ok(format!("{path} already has the overlay")),
        Panel::Other(line, _) | Panel::Included(line, _) => {
            bail!("cannot add the overlay: line {line} of {path} may be for another panel")
        }
        Panel::OnTheBus(line, _) => {
            bail!("cannot add the overlay: line {line} of {path} uses the panel's bus")
        }
        Panel::Device(device) => bail!("cannot add the overlay to {path}: {device} uses the panel's bus"),
    }
    let kept = boot.place.replace(&boot.found, added(&boot.found.content).as_slice(), "lampi-bak")?;
    Ok(format!("added the overlay to {path}; the previous file is kept as {}", system.shown(&kept)))
}

/// The content with the overlay appended, for every model.
fn added(content: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(content);
    let end_of_line = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut new = content.to_vec();
    if !content.is_empty() && !content.ends_with(b"\n") {
        new.extend(end_of_line.as_bytes());
    }
    let last = text.lines().map(str::trim).rfind(|line| line.starts_with('['));
    if last.is_some_and(|section| section != "[all]") {
        new.extend(format!("[all]{end_of_line}").as_bytes());
    }
    new.extend(format!("{OVERLAY}{end_of_line}").as_bytes());
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_adds_a_second_panel() {
        for overlay in [
            "mipi-dbi-spi,spi0-0,speed=32000000",
            "piscreen,drm",
            "tft35a:rotate=90",
            "drm-ili9341",
            "fbtft,spi0-0,ili9341",
            "waveshare35a",
            "MHS35",
            "vc4-kms-dsi-7inch",
            "overlays/rpi-display",
        ] {
            let text = format!("a=1\ndtoverlay={overlay}\n[pi4]\ninclude other.txt\n");
            assert_eq!(Panel::in_config(&text), Panel::Other(2, format!("dtoverlay={overlay}")));
        }
        let line = "include display.txt";
        assert_eq!(Panel::in_config(line), Panel::Included(1, line.into()));
        assert_eq!(Panel::in_config("dtoverlay=pitft28-resistive\n"), Panel::Ours);
        for text in ["", "#dtoverlay=piscreen\n", "dtoverlay=vc4-kms-v3d\ndtoverlay=pwm-gpio,gpio=19\n"] {
            assert_eq!(Panel::in_config(text), Panel::None, "{text}");
        }
    }

    #[test]
    fn finds_other_devices_on_the_bus() {
        for overlay in ["mcp2515-can0,oscillator=16000000", "enc28j60", "ads7846,cs=1", "mcp2515,spi0-0"] {
            let line = format!("dtoverlay={overlay}");
            assert_eq!(Panel::in_config(&line), Panel::OnTheBus(1, line.clone()));
        }
        for overlay in ["mcp2515,spi1-0", "enc28j60-spi2", "sc16is752-spi1"] {
            assert_eq!(Panel::in_config(&format!("dtoverlay={overlay}")), Panel::None, "{overlay}");
        }
    }

    #[test]
    fn adds_the_line_for_every_model() {
        for (before, after) in [
            ("", ""),
            ("a=1", "a=1\n"),
            ("[pi4]\na=1\n", "[pi4]\na=1\n[all]\n"),
            ("[pi4]\r\n[all]\r\na=1\r\n", "[pi4]\r\n[all]\r\na=1\r\n"),
        ] {
            let new = String::from_utf8(added(before.as_bytes())).unwrap();
            assert_eq!(new.trim_end().strip_suffix(OVERLAY), Some(after), "{before:?}");
        }
    }
}
