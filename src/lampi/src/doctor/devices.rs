// SPDX-License-Identifier: GPL-3.0-or-later
//! The framebuffers and the touch screen: whether they are there, and whether the programs may use them.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::cure::Cure;
use super::lamp::Lamp;
use super::report::Report;
use super::system::{READ, System, WRITE};

/// Where the firmware's settings are, the newer place first.
const CONFIG: [&str; 2] = ["/boot/firmware/config.txt", "/boot/config.txt"];

/// The panel with its touch controller, as the lamp's makers set it up.
const OVERLAY: &str = "dtoverlay=pitft28-capacitive,rotate=90,speed=64000000,fps=30";

/// What the kernel calls the axes of a touch screen, `ABS_X` and `ABS_MT_POSITION_X`, and `BTN_TOUCH`.
const ABS_X: usize = 0x00;
const ABS_MT_POSITION_X: usize = 0x35;
const BTN_TOUCH: usize = 0x14a;

/// Looks at the devices.
pub fn check(lamp: &Lamp, report: &mut Report<'_>) {
    // Another root has devices only while it runs.
    if !lamp.system.runs {
        return;
    }
    let path = |program: &str, option: &str, default: &str| {
        lamp.path_option(program, option).unwrap_or_else(|| default.into())
    };
    if lamp.wants("fbcp") {
        for (option, default) in [("source", "/dev/fb0"), ("target", "/dev/fb1")] {
            framebuffer(lamp, "fbcp", &path("fbcp", option, default), report);
        }
    }
    if lamp.wants("lamp_ui") {
        let drawn = path("lamp_ui", "framebuffer", "/dev/fb0");
        if lamp.system.exists(&drawn) || !lamp.wants("fbcp") {
            framebuffer(lamp, "lamp_ui", &drawn, report);
        }
        touch(lamp, report);
    }
    report.ok_otherwise("framebuffers and touch screen are there");
}

fn framebuffer(lamp: &Lamp, program: &str, path: &Path, report: &mut Report<'_>) {
    let shown = path.display();
    if !lamp.system.exists(path) {
        report.problem(format!("{shown} is missing, and {program} waits for it"), &panel(&lamp.system));
    } else if program == "lamp_ui" {
        allowed(lamp, path, READ | WRITE, "lamp_ui can draw nothing", report);
    }
}

fn touch(lamp: &Lamp, report: &mut Report<'_>) {
    let given = lamp.path_option("lamp_ui", "touch");
    let found = given.filter(|path| lamp.system.exists(path)).or_else(|| find_touch(&lamp.system));
    match found {
        Some(path) => allowed(lamp, &path, READ, "touches are not seen", report),
        None => report.problem("there is no touch screen, and lamp_ui waits for it", &panel(&lamp.system)),
    }
}

/// Whether the lamp's user may use a device.
fn allowed(lamp: &Lamp, path: &Path, way: u32, consequence: &str, report: &mut Report<'_>) {
    let system = &lamp.system;
    let Some(account) = system.account(lamp.user()) else { return };
    if system.may(account, path, way).unwrap_or(true) {
        return;
    }
    let Ok(metadata) = system.metadata(path) else { return };
    let group = system.group_name(metadata.gid());
    let bits = way << 3;
    let shown = path.display();
    let cure = if metadata.mode() & bits == bits && metadata.gid() != system.superuser {
        if super::user::is_needed(&group) {
            return; // the check of the user has told
        }
        Cure::root(format!("usermod --append --groups {group} {}", account.name))
            .and_maybe(lamp.restart("lamp_ui"))
    } else {
        // The kernel's own is 0600; udev's rules give it the group, and did not.
        let wanted = if way & WRITE == 0 { "input" } else { "video" };
        Cure::root(format!("chgrp {wanted} {shown}")).and(Cure::root(format!("chmod 0660 {shown}")))
    };
    report.problem(format!("{} may not use {shown}, so {consequence}", account.name), &cure);
}

/// Touch screens, by what the kernel says that they can.
fn find_touch(system: &System) -> Option<PathBuf> {
    let mut names: Vec<String> =
        system.list("/sys/class/input").into_iter().filter(|name| name.starts_with("event")).collect();
    names.sort_by_key(|name| name["event".len()..].parse::<u32>().unwrap_or(u32::MAX));
    names.into_iter().find_map(|name| {
        let able = |kind: &str, bit| {
            let path = format!("/sys/class/input/{name}/device/capabilities/{kind}");
            system.text(path).is_ok_and(|words| has_bit(&words, bit))
        };
        let is_touch = able("abs", ABS_MT_POSITION_X) || (able("abs", ABS_X) && able("key", BTN_TOUCH));
        let path = PathBuf::from(format!("/dev/input/{name}"));
        (is_touch && system.exists(&path)).then_some(path)
    })
}

/// Whether a bit is set in the kernel's hexadecimal words, of which the last is the lowest. They are as long as those of
/// the program that reads them.
fn has_bit(words: &str, bit: usize) -> bool {
    let width = usize::BITS as usize;
    let word = words.split_whitespace().rev().nth(bit / width);
    word.and_then(|word| usize::from_str_radix(word, 16).ok())
        .is_some_and(|word| word >> (bit % width) & 1 == 1)
}

/// What brings the panel: its overlay where it is not set, else another start of the kernel.
fn panel(system: &System) -> Cure {
    let config = CONFIG.into_iter().find(|path| system.exists(path)).unwrap_or(CONFIG[0]);
    let text = system.text(config).unwrap_or_default();
    if text.lines().any(|line| line.trim_start().starts_with("dtoverlay=pitft")) {
        Cure::root("reboot")
    } else {
        Cure::root(format!("sh -c 'echo {OVERLAY} >>{config}'")).and(Cure::root("reboot"))
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::{ABS_MT_POSITION_X, ABS_X, BTN_TOUCH, has_bit};

    #[test]
    fn capabilities_are_read_as_the_kernel_writes_them() {
        // A multi-touch panel and a single-touch one, for programs of 64 bits.
        assert!(has_bit("260800000000003\n", ABS_X) && has_bit("260800000000003\n", ABS_MT_POSITION_X));
        assert!(has_bit("3", ABS_X) && has_bit("400 0 0 0 0 0", BTN_TOUCH));
        assert!(!has_bit("3", ABS_MT_POSITION_X));
        assert!(!has_bit("", ABS_X));
        assert!(!has_bit("nonsense", ABS_X));
    }
}
