// SPDX-License-Identifier: GPL-3.0-or-later
//! The framebuffers and the touch screen: whether they are there, and whether the programs may use them.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::cure::Cure;
use super::lamp::Lamp;
use super::report::Report;
use super::system::{READ, System, WRITE};
use crate::status::machine::touch_screens;

/// Where the firmware's settings are, the newer place first.
const CONFIG: [&str; 2] = ["/boot/firmware/config.txt", "/boot/config.txt"];

/// The panel with its touch controller, as the lamp's makers set it up.
const OVERLAY: &str = "dtoverlay=pitft28-capacitive,rotate=90,speed=64000000,fps=30";

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
    if !lamp.system.exists(path) && lamp.findings.is_none() {
        // Only Supervisor's files tell whether it is this one.
        report.needs_root("which framebuffer is used");
    } else if !lamp.system.exists(path) {
        report.problem(format!("{shown} is missing, and {program} waits for it"), &panel(&lamp.system));
    } else if program == "lamp_ui" {
        allowed(lamp, path, READ | WRITE, "lamp_ui can draw nothing", report);
    }
}

fn touch(lamp: &Lamp, report: &mut Report<'_>) {
    let found = match lamp.path_option("lamp_ui", "touch") {
        Some(path) => Some(path),
        None => touch_screens(lamp.system.root()).into_iter().map(|screen| screen.device.into()).next(),
    };
    match found {
        Some(path) if lamp.system.exists(&path) => allowed(lamp, &path, READ, "touches are not seen", report),
        Some(path) => report.problem(
            format!("{} is missing, and lamp_ui waits for it", path.display()),
            &panel(&lamp.system),
        ),
        None if lamp.findings.is_none() => report.needs_root("which touch screen is used"),
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
