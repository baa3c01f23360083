// SPDX-License-Identifier: GPL-3.0-or-later
//! The framebuffers and the touch screen: whether they are there, and whether the programs may use them.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::fix::{Action, Command, Fix, Owner, Panel, Tool, panel};
use super::lamp::Lamp;
use super::report::Report;
use super::system::{READ, System, WRITE};
use hardware::boot_config::Boot;
use hardware::devices::touch_screens;
use runtime::quoting::quoted;

/// Looks at the devices.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
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

fn framebuffer(lamp: &Lamp, program: &str, path: &Path, report: &mut Report) {
    let shown = quoted(&path.to_string_lossy());
    if !lamp.system.exists(path) && lamp.findings.is_none() {
        // Only Supervisor's files tell whether it is this one.
        report.needs_root("which framebuffer is used");
    } else if !lamp.system.exists(path) {
        report
            .problem(format!("{shown} is missing, and {program} waits for it"), missing_panel(&lamp.system));
    } else if program == "lamp_ui" {
        allowed(lamp, path, READ | WRITE, "lamp_ui can draw nothing", report);
    }
}

fn touch(lamp: &Lamp, report: &mut Report) {
    let found = match lamp.path_option("lamp_ui", "touch") {
        Some(path) => Some(path),
        None => touch_screens(lamp.system.root()).into_iter().map(|screen| screen.device.into()).next(),
    };
    match found {
        Some(path) if lamp.system.exists(&path) => allowed(lamp, &path, READ, "touches are not seen", report),
        Some(path) => report.problem(
            format!("{} is missing, and lamp_ui waits for it", quoted(&path.to_string_lossy())),
            missing_panel(&lamp.system),
        ),
        None if lamp.findings.is_none() => report.needs_root("which touch screen is used"),
        None => {
            report.problem("there is no touch screen, and lamp_ui waits for it", missing_panel(&lamp.system));
        }
    }
}

/// Whether the lamp's user may use a device.
fn allowed(lamp: &Lamp, path: &Path, way: u32, consequence: &str, report: &mut Report) {
    let system = &lamp.system;
    let Some(account) = system.account(lamp.user()) else { return };
    if system.may(&account, path, way).unwrap_or(true) {
        return;
    }
    let Ok(metadata) = system.metadata(path) else { return };
    let group = system.group_name(metadata.gid());
    let bits = way << 3;
    let shown = quoted(&path.to_string_lossy());
    let has_bits = metadata.mode() & bits == bits;
    if has_bits && super::user::is_needed(&group) && !system.is_member(&account, &group) {
        return; // the check of the user has told
    }
    // The kernel's own is 0600; udev's rules give it the group, and did not.
    let wanted = if way & WRITE == 0 { "input" } else { "video" };
    let is_device = path.starts_with("/dev") || !metadata.is_file();
    let fix = match system.group_id(wanted).filter(|_| is_device) {
        Some(id) => Action::SetAccess {
            path: path.to_string_lossy().into_owned(),
            owner: Owner::root(system, id),
            mode: 0o660,
        }
        .into(),
        None => Fix::by_hand(format!("Let {} use {shown}", quoted(&account.name))),
    };
    report.problem(format!("{} may not use {shown}, so {consequence}", quoted(&account.name)), fix);
}

/// What brings the panel: its overlay where there is none of any panel, else another start of the kernel.
fn missing_panel(system: &System) -> Fix {
    let boot = match Boot::find(system.root()) {
        Ok(boot) => boot,
        Err(error) => return Fix::by_hand(format!("Add the panel's overlay to config.txt: {error:#}")),
    };
    let path = quoted(&system.shown(Path::new(&boot.path())));
    match panel(&String::from_utf8_lossy(&boot.found.content)) {
        Panel::None => Fix::from(Action::AddPanel).then([Action::Run(Tool::Reboot)]),
        // Once more would bring nothing else.
        Panel::Ours if boot.counts_already() => Fix::by_command(
            format!(
                "See what the kernel says of the panel, whose overlay {path} has; where no monitor is connected, the panel \
                 may be /dev/fb0"
            ),
            Command::of_root("dmesg | grep -i -e spi -e fb"),
        ),
        Panel::Ours => Action::Run(Tool::Reboot).into(),
        Panel::Other(line, text) => Fix::by_hand(format!(
            "Restart the machine if line {line} of {path} is new; else find the panel that it is for (`{text}`) among \
             /dev/fb*, and name it to fbcp by --target in /etc/supervisor/conf.d/fbcp.conf"
        )),
    }
}
