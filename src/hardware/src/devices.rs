// SPDX-License-Identifier: GPL-3.0-or-later
//! What the kernel shows of the machine in /proc and /sys: framebuffers, touch screens, and the time since the start.

use std::fs;
use std::path::Path;

use serde::Serialize;
use touchscreen::Capabilities;

/// A framebuffer device.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Framebuffer {
    /// Its path, such as /dev/fb1.
    pub device: String,
    /// Its driver's name for it.
    pub name: String,
    /// In pixels, with what is not seen, if its driver keeps more than one picture.
    pub width: u32,
    /// As the width.
    pub height: u32,
    /// Bits of a pixel in memory.
    pub bits_per_pixel: u32,
    /// Bytes from one row to the next.
    pub stride: u32,
}

/// A touch screen.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct TouchScreen {
    /// Its path, such as /dev/input/event0.
    pub device: String,
    /// Its driver's name for it.
    pub name: String,
}

/// Seconds since the machine started.
#[must_use]
pub fn uptime(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(system_files::in_root(root, "/proc/uptime")).ok()?;
    text.split(' ').next()?.parse().ok().map(|seconds: f64| seconds as u64)
}

/// The framebuffers, in their order.
#[must_use]
pub fn framebuffers(root: &Path) -> Vec<Framebuffer> {
    devices(root, "/sys/class/graphics", "fb", |folder, name| {
        let size = read(folder, "virtual_size")?;
        let (width, height) = size.split_once(',')?;
        Some(Framebuffer {
            device: format!("/dev/{name}"),
            name: read(folder, "name")?,
            width: number(width)?,
            height: number(height)?,
            bits_per_pixel: number(&read(folder, "bits_per_pixel")?)?,
            stride: number(&read(folder, "stride")?)?,
        })
    })
}

/// The touch screens, by the rule of [`Capabilities`], as for `lamp_ui`.
#[must_use]
pub fn touch_screens(root: &Path) -> Vec<TouchScreen> {
    devices(root, "/sys/class/input", "event", |folder, name| {
        Capabilities::from_sysfs(&folder.join("device")).protocol().ok()?;
        Some(TouchScreen { device: format!("/dev/input/{name}"), name: read(folder, "device/name")? })
    })
}

/// What `describe` says of the devices of a class whose names are `prefix` and a number, by that number.
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
    // The longer number is the larger one.
    found.sort_by(|one, other| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
    found
}

fn read(folder: &Path, file: &str) -> Option<String> {
    fs::read_to_string(folder.join(file)).ok().map(|text| text.trim_end().to_owned())
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
    fn framebuffers_come_in_their_order() {
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
    fn only_what_is_touched_is_a_touch_screen() {
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
            [TouchScreen { device: "/dev/input/event1".into(), name: "EP0110M09".into() }]
        );
    }

    #[test]
    fn a_machine_without_anything_has_nothing() {
        let root = machine(&[("proc/uptime", "12345.67 23456.78")]);
        assert_eq!(uptime(root.path()), Some(12345));
        assert_eq!((framebuffers(root.path()), touch_screens(root.path())), (vec![], vec![]));
    }
}
