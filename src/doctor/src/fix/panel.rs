// SPDX-License-Identifier: GPL-3.0-or-later
//! The overlay of the panel in config.txt. Two overlays on one bus keep each other's panel dark, so one is added only
//! where there is none.

use std::path::Path;

use anyhow::bail;

use crate::system::System;
use hardware::boot_config::Boot;

/// The panel with its touch controller, as the lamp's makers set it up.
const OVERLAY: &str = "dtoverlay=pitft28-capacitive,rotate=90,speed=64000000,fps=30";

/// How the names of overlays begin that drive a panel, by the kernel's `arch/arm/boot/dts/overlays/README` and the makers
/// of panels.
const PANELS: [&str; 40] = [
    "adafruit",
    "dpi",
    "drm-",
    "fbtft",
    "hy28",
    "hx8357",
    "ili9",
    "itdb28",
    "jd-t18003",
    "joy-it",
    "mhs",
    "mipi-dbi",
    "mis35",
    "mpi",
    "mz61581",
    "panel",
    "piscreen",
    "pitft",
    "rb-tft",
    "rpi-display",
    "rpi-ft5406",
    "seps525",
    "sh1106",
    "sharp",
    "ssd1",
    "st77",
    "tft",
    "tinydrm",
    "tinylcd",
    "vc4-fkms-dsi",
    "vc4-kms-dpi",
    "vc4-kms-dsi",
    "vga666",
    "waveshare",
    "watterott",
    "w35",
    "zynthian",
    "lcd",
    "hdmi-lcd",
    "gc9a01",
];

/// What config.txt says of panels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Panel {
    /// Nothing.
    None,
    /// The lamp's.
    Ours,
    /// This line, with its number, drives one, or may do so.
    Other(usize, String),
}

/// What the text of config.txt says of panels.
pub(crate) fn panel(text: &str) -> Panel {
    let mut panel = Panel::None;
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        let name = line.strip_prefix("dtoverlay").and_then(|rest| rest.trim_start().strip_prefix('='));
        let name = name.map(|rest| rest.trim().rsplit('/').next().unwrap_or(rest).to_ascii_lowercase());
        match name {
            // It has priority: with it there is nothing to add.
            Some(name) if name.starts_with("pitft") => return Panel::Ours,
            Some(name) if PANELS.iter().any(|begin| name.starts_with(begin)) => {
                panel = Panel::Other(number, line.to_owned());
            }
            // Another file may have one.
            None if line.starts_with("include ") => panel = Panel::Other(number, line.to_owned()),
            _ => {}
        }
    }
    panel
}

/// Adds the overlay, unless there is one.
pub(super) fn add(system: &System) -> anyhow::Result<String> {
    let boot = Boot::find(system.root())?;
    let text = String::from_utf8_lossy(&boot.found.content);
    let path = system.shown(Path::new(&boot.path()));
    match panel(&text) {
        Panel::None => {}
        Panel::Ours => return Ok(format!("{path} has the overlay already")),
        Panel::Other(line, _) => bail!("line {line} of {path} drives another panel, so it is left alone"),
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
            "waveshare35a",
            "vc4-kms-dsi-7inch",
            "overlays/rpi-display",
        ] {
            let text = format!("a=1\ndtoverlay={overlay}\n[pi4]\n");
            assert_eq!(panel(&text), Panel::Other(2, format!("dtoverlay={overlay}")));
        }
        assert_eq!(panel("include display.txt\n"), Panel::Other(1, "include display.txt".into()));
        assert_eq!(panel("dtoverlay=pitft28-resistive\n"), Panel::Ours);
        for text in ["", "#dtoverlay=piscreen\n", "dtoverlay=vc4-kms-v3d\ndtoverlay=pwm-gpio,gpio=19\n"] {
            assert_eq!(panel(text), Panel::None, "{text}");
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
