// SPDX-License-Identifier: GPL-3.0-or-later
//! The framebuffers and the touch screen: whether they exist, and whether the programs have access.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::fix::{Action, Command, Fix, OVERLAY, Owner, Panel, Tool};
use super::lamp::Lamp;
use super::report::Report;
use super::system::{READ, System, WRITE};
use hardware::boot_config::Boot;
use hardware::devices::{Framebuffer, TouchScreen, framebuffers, has_panel_on_connector, touch_screens};
use programs::paths;
use runtime::quoting::{quoted, visible};

/// Checks the devices.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    // A system that does not run has no devices.
    if !lamp.system.runs {
        return;
    }
    let wanted: Vec<&str> = ["fbcp", "lamp_ui"].into_iter().filter(|name| lamp.wants(name)).collect();
    if wanted.is_empty() {
        return report.ok("no program needs a screen");
    }
    let screens = Screens::of(lamp);
    if !screens.has_any(&lamp.system) {
        return no_screen(lamp, &wanted, report);
    }
    if lamp.wants("fbcp") {
        framebuffer(lamp, "fbcp", &screens.source, report);
        if screens.is_source_enough(&lamp.system) {
            report.ok(format!(
                "{} is the only screen, so fbcp has nothing to copy to and waits",
                quoted(&screens.source.to_string_lossy())
            ));
        } else {
            target(lamp, &screens, report);
        }
    }
    if lamp.wants("lamp_ui") {
        if lamp.system.exists(&screens.drawn) || !lamp.wants("fbcp") {
            framebuffer(lamp, "lamp_ui", &screens.drawn, report);
        }
        touch(lamp, report);
    }
    report.ok_otherwise("the framebuffers and the touch screen exist");
}

/// The devices that the lamp's programs use, and those that exist.
struct Screens {
    /// The framebuffers that fbcp copies from and to.
    source: PathBuf,
    target: PathBuf,
    /// The framebuffer of `lamp_ui`.
    drawn: PathBuf,
    /// The touch screen that `lamp_ui` is set to.
    touched: Option<PathBuf>,
    framebuffers: Vec<Framebuffer>,
    /// All touch screens.
    touchable: Vec<TouchScreen>,
}

impl Screens {
    fn of(lamp: &Lamp) -> Self {
        let path = |program: &str, option: &str, default: &str| {
            lamp.path_option(program, option).unwrap_or_else(|| default.into())
        };
        let root = lamp.system.root();
        Self {
            source: path("fbcp", "source", "/dev/fb0"),
            target: path("fbcp", "target", "/dev/fb1"),
            drawn: path("lamp_ui", "framebuffer", "/dev/fb0"),
            touched: lamp.path_option("lamp_ui", "touch"),
            framebuffers: framebuffers(root),
            touchable: touch_screens(root),
        }
    }

    /// Whether there is any framebuffer or touch screen.
    fn has_any(&self, system: &System) -> bool {
        let used = [Some(&self.source), Some(&self.target), Some(&self.drawn), self.touched.as_ref()];
        !self.framebuffers.is_empty()
            || !self.touchable.is_empty()
            || used.into_iter().flatten().any(|path| system.exists(path))
    }

    /// Whether fbcp's source is the panel itself and there is no target. With KMS and no monitor the panel is
    /// the first framebuffer. A lamp without a panel can have a monitor with a touch screen.
    fn is_source_enough(&self, system: &System) -> bool {
        let is_panel = || {
            let mut framebuffers = self.framebuffers.iter();
            framebuffers.any(|found| Path::new(&found.device) == self.source && found.is_panel())
        };
        system.exists(&self.source)
            && !system.exists(&self.target)
            && (is_panel()
                || self.framebuffers.len() == 1
                    && (has_panel_on_connector(system.root())
                        || self.touchable.iter().any(|screen| screen.is_usb)))
    }

    /// A panel that fbcp is not set to.
    fn other_panel(&self) -> Option<&Framebuffer> {
        let mut others = self.framebuffers.iter().filter(|found| Path::new(&found.device) != self.source);
        others.find(|found| found.is_panel())
    }
}

/// Reports a machine with neither a framebuffer nor a touch screen: it has LEDs only, or its panel has no
/// driver.
fn no_screen(lamp: &Lamp, wanted: &[&str], report: &mut Report) {
    // Supervisor's files name the devices.
    if lamp.findings.is_none() {
        return report.needs_root("which screen is used");
    }
    let names = wanted.join(" and ");
    let verb = if wanted.len() == 1 { "waits" } else { "wait" };
    let sentence =
        format!("there is no screen (no framebuffer, no touch screen), and {names} {verb} for one");
    let boot = Boot::find(lamp.system.root());
    let text = boot.map(|boot| String::from_utf8_lossy(&boot.found.content).into_owned()).unwrap_or_default();
    let or_else = match Panel::of(&lamp.system, &text) {
        Panel::Ours | Panel::Other(..) | Panel::Included(..) => {
            return report.problem(sentence, missing_panel(&lamp.system));
        }
        Panel::None => format!(
            "; if it has the panel, add this line to config.txt instead and restart the machine: {OVERLAY}"
        ),
        // The panel would be on the same bus.
        Panel::OnTheBus(..) | Panel::Device(_) => String::new(),
    };
    let root = if lamp.system.is_this() {
        String::new()
    } else {
        format!(" --root {}", quoted(&lamp.system.root().to_string_lossy()))
    };
    report.problem(
        sentence,
        Fix::by_command(
            format!("Disable {names} if the lamp has LEDs only{or_else}"),
            Command::of_root(format!("lampi disable {}{root}", wanted.join(" "))),
        ),
    );
}

/// Checks fbcp's target.
fn target(lamp: &Lamp, screens: &Screens, report: &mut Report) {
    match screens.other_panel() {
        Some(panel) if lamp.findings.is_some() && !lamp.system.exists(&screens.target) => report.problem(
            format!(
                "{} does not exist, and fbcp waits for it; the panel is {} ({})",
                quoted(&screens.target.to_string_lossy()),
                panel.device,
                visible(&panel.name)
            ),
            Fix::by_command(
                format!(
                    "Add --target={} to the command in {}, and update fbcp",
                    panel.device,
                    paths::conf("fbcp")
                ),
                Command::of_root("lampi update fbcp"),
            ),
        ),
        _ => framebuffer(lamp, "fbcp", &screens.target, report),
    }
}

fn framebuffer(lamp: &Lamp, program: &str, path: &Path, report: &mut Report) {
    let shown = quoted(&path.to_string_lossy());
    if !lamp.system.exists(path) && lamp.findings.is_none() {
        // Supervisor's files may name another one.
        report.needs_root("which framebuffer is used");
    } else if !lamp.system.exists(path) {
        report.problem(
            format!("{shown} does not exist, and {program} waits for it"),
            missing_panel(&lamp.system),
        );
    } else if program == "lamp_ui" {
        allowed(lamp, path, READ | WRITE, "lamp_ui cannot draw", report);
    }
}

fn touch(lamp: &Lamp, report: &mut Report) {
    let found = match lamp.path_option("lamp_ui", "touch") {
        Some(path) => Some(path),
        None => touch_screens(lamp.system.root()).into_iter().map(|screen| screen.device.into()).next(),
    };
    match found {
        Some(path) if lamp.system.exists(&path) => {
            allowed(lamp, &path, READ, "lamp_ui receives no touches", report);
        }
        Some(path) => report.problem(
            format!("{} does not exist, and lamp_ui waits for it", quoted(&path.to_string_lossy())),
            missing_panel(&lamp.system),
        ),
        None if lamp.findings.is_none() => report.needs_root("which touch screen is used"),
        None => {
            report.problem("there is no touch screen, and lamp_ui waits for it", missing_panel(&lamp.system));
        }
    }
}

/// Checks the access of the lamp's user to a device.
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
        return; // reported by the check of the user
    }
    // The kernel's mode is 0600. udev's rules should have set the group.
    let wanted = if way & WRITE == 0 { "input" } else { "video" };
    let is_device = path.starts_with("/dev") || !metadata.is_file();
    let fix = match system.group_id(wanted).filter(|_| is_device) {
        Some(id) => Action::SetAccess {
            path: path.to_string_lossy().into_owned(),
            owner: Owner::root(system, id),
            mode: 0o660,
        }
        .into(),
        None => Fix::by_hand(format!("Give {} access to {shown}", quoted(&account.name))),
    };
    report.problem(format!("{} has no access to {shown}, so {consequence}", quoted(&account.name)), fix);
}

/// The fix for a missing panel: its overlay, if no panel has one, else a restart of the machine.
fn missing_panel(system: &System) -> Fix {
    let boot = match Boot::find(system.root()) {
        Ok(boot) => boot,
        Err(error) => return Fix::by_hand(format!("Add the panel's overlay to config.txt: {error:#}")),
    };
    let path = quoted(&system.shown(Path::new(&boot.path())));
    let kernel = |of: &str| {
        Fix::by_command(
            format!("Read the kernel's messages about {of}"),
            Command::of_root("dmesg | grep -i -e spi -e fb -e drm"),
        )
    };
    let started_with_it = boot.counts_already();
    match Panel::of(system, &String::from_utf8_lossy(&boot.found.content)) {
        Panel::None => Fix::from(Action::AddPanel).then([Action::Run(Tool::Reboot)]),
        // A restart would change nothing.
        Panel::Ours if started_with_it => kernel(&format!("the panel; its overlay is in {path}")),
        Panel::Other(line, text) if started_with_it => {
            kernel(&format!("the panel in line {line} of {path} (`{}`)", visible(&text)))
        }
        Panel::Ours => Action::Run(Tool::Reboot).into(),
        Panel::Other(line, text) => Fix::by_command(
            format!("Restart the machine to start the panel in line {line} of {path} (`{}`)", visible(&text)),
            Command::of_root("reboot"),
        ),
        Panel::Included(line, text) => Fix::by_hand(format!(
            "Check the file that line {line} of {path} includes (`{}`): if the panel's overlay is in it, \
             restart the machine",
            visible(&text)
        )),
        Panel::OnTheBus(line, text) => Fix::by_hand(format!(
            "If the lamp has a panel, remove line {line} of {path} (`{}`), because it uses the panel's SPI \
             bus; on a lamp without a panel, run: lampi disable fbcp lamp_ui",
            visible(&text)
        )),
        Panel::Device(device) => kernel(&format!("{device}, which uses the panel's SPI bus")),
    }
}
