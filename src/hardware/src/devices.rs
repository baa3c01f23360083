// SPDX-License-Identifier: GPL-3.0-or-later
//! Hardware in /proc and /sys: framebuffers, touch screens, devices on the SPI bus, and the uptime.

use std::fs;
use std::path::Path;

use serde::Serialize;
use touchscreen::Capabilities;

/// `BUS_USB` of the kernel's `input.h`, as in `id/bustype`.
const BUS_USB: &str = "0003";

/// Names of the framebuffers for the board's monitor connectors: the firmware's, KMS's, and those at boot.
const OF_MONITORS: [&str; 4] = ["BCM2708 FB", "vc4drmfb", "drm-rp1-vec", "simple"];

/// The kernel's names of connectors that only panels use.
const OF_PANELS: [&str; 3] = ["-DSI-", "-DPI-", "-LVDS-"];

/// A framebuffer device.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Framebuffer {
    /// Its path, such as /dev/fb1.
    pub device: String,
    /// Its driver's name for it.
    pub name: String,
    /// In pixels. It includes invisible ones if the driver has several frames.
    pub width: u32,
    /// As for the width.
    pub height: u32,
    /// Bits of a pixel in memory.
    pub bits_per_pixel: u32,
    /// Bytes from one row to the next.
    pub stride: u32,
}

impl Framebuffer {
    /// Whether it is a panel with its own driver, usually on the SPI bus.
    #[must_use]
    pub fn is_panel(&self) -> bool {
        !OF_MONITORS.iter().any(|name| self.name.starts_with(name))
    }
}

/// A touch screen.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct TouchScreen {
    /// Its path, such as /dev/input/event0.
    pub device: String,
    /// Its driver's name for it.
    pub name: String,
    /// Whether it is connected by USB, as on monitors.
    #[serde(skip)]
    pub is_usb: bool,
}

/// A device on an SPI bus.
#[derive(Debug, PartialEq, Eq)]
pub struct SpiDevice {
    /// Bus and chip select, such as spi0.0.
    pub name: String,
    /// Its kind, from its driver, such as ili9341.
    pub kind: String,
}

/// Seconds since the machine started.
#[must_use]
pub fn uptime(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(system_files::in_root(root, "/proc/uptime")).ok()?;
    text.split(' ').next()?.parse().ok().map(|seconds: f64| seconds as u64)
}

/// The framebuffers, by number.
#[must_use]
pub fn framebuffers(root: &Path) -> Vec<Framebuffer> {
    devices(root, "/sys/class/graphics", "fb", |directory, name| {
        let size = read(directory, "virtual_size")?;
        let (width, height) = size.split_once(',')?;
        Some(Framebuffer {
            device: format!("/dev/{name}"),
            name: read(directory, "name")?,
            width: number(width)?,
            height: number(height)?,
            bits_per_pixel: number(&read(directory, "bits_per_pixel")?)?,
            stride: number(&read(directory, "stride")?)?,
        })
    })
}

/// The touch screens, detected by [`Capabilities`], as in `lamp_ui`.
#[must_use]
pub fn touch_screens(root: &Path) -> Vec<TouchScreen> {
    devices(root, "/sys/class/input", "event", |directory, name| {
        Capabilities::from_sysfs(&directory.join("device")).protocol().ok()?;
        Some(TouchScreen {
            device: format!("/dev/input/{name}"),
            name: read(directory, "device/name")?,
            is_usb: read(directory, "device/id/bustype").as_deref() == Some(BUS_USB),
        })
    })
}

/// Whether a panel is connected to a connector that only panels use. It has a framebuffer like a monitor.
#[must_use]
pub fn has_panel_on_connector(root: &Path) -> bool {
    let class = system_files::in_root(root, "/sys/class/drm");
    fs::read_dir(class).into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        OF_PANELS.iter().any(|part| name.contains(part))
            && read(&entry.path(), "status").as_deref() == Some("connected")
    })
}

/// The devices on the SPI bus of the board's pins. Skips unused chip selects, where the kernel has spidev for
/// programs.
#[must_use]
pub fn spi_devices(root: &Path) -> Vec<SpiDevice> {
    let found = devices(root, "/sys/bus/spi/devices", "spi0.", |directory, name| {
        let modalias = read(directory, "modalias")?;
        let kind = modalias.strip_prefix("spi:").unwrap_or(&modalias).to_owned();
        Some(SpiDevice { name: name.to_owned(), kind })
    });
    found.into_iter().filter(|device| device.kind != "spidev").collect()
}

/// The results of `describe` for the devices of a class named `prefix` plus a number, by that number.
fn devices<T>(root: &Path, class: &str, prefix: &str, describe: impl Fn(&Path, &str) -> Option<T>) -> Vec<T> {
    let names = names(&system_files::in_root(root, class), prefix);
    names.iter().filter_map(|name| describe(&system_files::in_root(root, class).join(name), name)).collect()
}

/// The names of these devices.
fn names(class: &Path, prefix: &str) -> Vec<String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let entries = fs::read_dir(class).into_iter().flatten().flatten();
    let mut found: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.strip_prefix(prefix).is_some_and(is_number))
        .collect();
    // A longer number is larger.
    found.sort_by(|one, other| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
    found
}

fn read(directory: &Path, file: &str) -> Option<String> {
    fs::read_to_string(directory.join(file)).ok().map(|text| text.trim_end().to_owned())
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with these files.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{content}\n")).unwrap();
        }
        root
    }

    #[test]
    fn lists_framebuffers_by_number() {
        let fb = |number: u32, file: &str| format!("sys/class/graphics/fb{number}/{file}");
        let mut all = Vec::new();
        for (number, name, size) in
            [(10, "late", "1,2"), (0, "vc4drmfb", "240,320"), (1, "fb_ili9341", "320,240")]
        {
            all.extend([
                (fb(number, "name"), name),
                (fb(number, "virtual_size"), size),
                (fb(number, "bits_per_pixel"), "16"),
                (fb(number, "stride"), "640"),
            ]);
        }
        all.push(("sys/class/graphics/fbcon/rotate".into(), "0"));
        let all: Vec<(&str, &str)> = all.iter().map(|(path, content)| (path.as_str(), *content)).collect();
        let found = framebuffers(machine(&all).path());
        let names: Vec<_> =
            found.iter().map(|fb| (fb.device.as_str(), fb.name.as_str(), fb.width, fb.height)).collect();
        assert_eq!(
            names,
            [
                ("/dev/fb0", "vc4drmfb", 240, 320),
                ("/dev/fb1", "fb_ili9341", 320, 240),
                ("/dev/fb10", "late", 1, 2)
            ]
        );
    }

    #[test]
    fn detects_only_touch_screens() {
        let event = |number: u32, file: &str| format!("sys/class/input/event{number}/device/{file}");
        let multi = if usize::BITS == 64 { "260800000000003" } else { "2608000 3" };
        let all = [
            (event(0, "name"), "keys"),
            (event(0, "capabilities/abs"), "0"),
            (event(0, "capabilities/key"), "fffffffffffffffe"),
            (event(1, "name"), "EP0110M09"),
            (event(1, "capabilities/abs"), multi),
            (event(2, "name"), "joystick"),
            (event(2, "capabilities/abs"), "3"),
            (event(2, "capabilities/key"), "0"),
            // The same axes as the touch screen, and INPUT_PROP_POINTER.
            (event(3, "name"), "touchpad"),
            (event(3, "capabilities/abs"), multi),
            (event(3, "properties"), "5"),
        ];
        let all: Vec<(&str, &str)> = all.iter().map(|(path, content)| (path.as_str(), *content)).collect();
        assert_eq!(
            touch_screens(machine(&all).path()),
            [TouchScreen { device: "/dev/input/event1".into(), name: "EP0110M09".into(), is_usb: false }]
        );
    }

    #[test]
    fn recognises_panels_by_driver_and_connector() {
        let named = |name: &str| Framebuffer {
            device: "/dev/fb0".into(),
            name: name.into(),
            width: 320,
            height: 240,
            bits_per_pixel: 16,
            stride: 640,
        };
        // The drivers' names, truncated to 15 characters.
        for name in
            ["fb_ili9340", "fb_hx8357d", "ili9341drmfb", "panel-mipi-dbid", "ili9486drmfb", "st7735rdrmfb"]
        {
            assert!(named(name).is_panel(), "{name}");
        }
        for name in ["vc4drmfb", "BCM2708 FB", "simple", "simpledrmdrmfb", "drm-rp1-vecdrmf"] {
            assert!(!named(name).is_panel(), "{name}");
        }
        assert!(named("drm-rp1-dpidrmf").is_panel());

        let connector =
            |name: &str, status: &str| machine(&[(&format!("sys/class/drm/{name}/status"), status)]);
        assert!(has_panel_on_connector(connector("card1-DSI-1", "connected").path()));
        for (name, status) in [("card1-DSI-1", "disconnected"), ("card1-HDMI-A-1", "connected")] {
            assert!(!has_panel_on_connector(connector(name, status).path()), "{name} {status}");
        }
    }

    #[test]
    fn finds_devices_on_the_spi_bus() {
        let root = machine(&[
            ("sys/bus/spi/devices/spi0.0/modalias", "spi:panel-mipi-dbi"),
            ("sys/bus/spi/devices/spi0.1/modalias", "spi:spidev"),
            ("sys/bus/spi/devices/spi10.0/modalias", "spi:other"),
        ]);
        assert_eq!(
            spi_devices(root.path()),
            [SpiDevice { name: "spi0.0".into(), kind: "panel-mipi-dbi".into() }]
        );
    }

    #[test]
    fn finds_nothing_on_an_empty_machine() {
        let root = machine(&[("proc/uptime", "12345.67 23456.78")]);
        assert_eq!(uptime(root.path()), Some(12345));
        assert_eq!((framebuffers(root.path()), touch_screens(root.path())), (vec![], vec![]));
    }
}
