// SPDX-License-Identifier: GPL-3.0-or-later
//! The overlay of the panel in config.txt. Two overlays on one bus keep each other's panel dark, so one is added only
//! where there is none, and nothing else on the bus.

use std::path::Path;

use anyhow::bail;

use crate::system::System;
use hardware::boot_config::Boot;
use hardware::devices::spi_devices;
use runtime::quoting::visible;

/// The panel with its touch controller, as the lamp's makers set it up.
pub(crate) const OVERLAY: &str = "dtoverlay=pitft28-capacitive,rotate=90,speed=64000000,fps=30";

/// How the names of overlays begin that drive a panel, by the kernel's `arch/arm/boot/dts/overlays/README` and the makers
/// of panels.
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

/// How the names of overlays begin that put something else on the SPI bus, by the same README.
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

/// What there is of panels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Panel {
    /// Nothing.
    None,
    /// The lamp's overlay is in config.txt.
    Ours,
    /// This line of config.txt, with its number, is the overlay of another panel.
    Other(usize, String),
    /// This line of config.txt includes a file, which may have one.
    Included(usize, String),
    /// This line of config.txt puts something else on the bus of the panel.
    OnTheBus(usize, String),
    /// The kernel has this device on that bus, although config.txt has no overlay for it.
    Device(String),
}

impl Panel {
    /// As config.txt, whose text is given, and the kernel have it.
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
                // It comes before all others: with it there is nothing to add.
                Some(overlay) if overlay.starts_with("pitft") => return Self::Ours,
                Some(overlay) if begins(PANELS, &overlay) => Self::Other(number, line.to_owned()),
                Some(overlay) if begins(SPI_DEVICES, &overlay) && !is_elsewhere(&overlay) => {
                    Self::OnTheBus(number, line.to_owned())
                }
                None if line.starts_with("include ") => Self::Included(number, line.to_owned()),
                _ => continue,
            };
            // A panel says more than what may be one.
            if !matches!(panel, Self::Other(..)) {
                panel = found;
            }
        }
        panel
    }
}

/// Whether an overlay is for another bus than that of the panel, by its name or a parameter, as in `mcp2515,spi1-0`.
fn is_elsewhere(overlay: &str) -> bool {
    (1..=6).any(|bus| overlay.contains(&format!("spi{bus}")))
}

/// Adds the overlay, unless there is one.
pub(super) fn add(system: &System) -> anyhow::Result<String> {
    let boot = Boot::find(system.root())?;
    let text = String::from_utf8_lossy(&boot.found.content);
    let path = system.shown(Path::new(&boot.path()));
    match Panel::of(system, &text) {
        Panel::None => {}
        Panel::Ours => return Ok(format!("{path} has the overlay already")),
        Panel::Other(line, _) | Panel::Included(line, _) => {
            bail!("line {line} of {path} drives another panel, so it is left alone")
        }
        Panel::OnTheBus(line, _) => {
            bail!("line {line} of {path} uses the bus of the panel, so it is left alone")
        }
        Panel::Device(device) => bail!("{device} is on the bus of the panel, so {path} is left alone"),
    }
    let kept = boot.place.replace(&boot.found, added(&boot.found.content).as_slice(), "lampi-bak")?;
    Ok(format!("{path} has the overlay; the former file is kept as {}", system.shown(&kept)))
}

/// The content with the overlay at its end, on every model.
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
    fn a_second_panel_is_never_added() {
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
    fn what_else_is_on_the_bus_keeps_the_panel_off_it() {
        for overlay in ["mcp2515-can0,oscillator=16000000", "enc28j60", "ads7846,cs=1", "mcp2515,spi0-0"] {
            let line = format!("dtoverlay={overlay}");
            assert_eq!(Panel::in_config(&line), Panel::OnTheBus(1, line.clone()));
        }
        for overlay in ["mcp2515,spi1-0", "enc28j60-spi2", "sc16is752-spi1"] {
            assert_eq!(Panel::in_config(&format!("dtoverlay={overlay}")), Panel::None, "{overlay}");
        }
    }

    #[test]
    fn the_line_counts_on_every_model() {
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
