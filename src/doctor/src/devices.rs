// SPDX-License-Identifier: GPL-3.0-or-later
//! The framebuffers and the touch screen: whether they are there, and whether the programs may use them.

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

/// Looks at the devices.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    // Another root has devices only while it runs.
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
                "{} is the only screen, and needs no copy: fbcp waits for a second one",
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
    report.ok_otherwise("framebuffers and touch screen are there");
}

/// What the lamp's programs use, and what there is.
struct Screens {
    /// What fbcp copies from, and to.
    source: PathBuf,
    target: PathBuf,
    /// What `lamp_ui` draws on.
    drawn: PathBuf,
    /// What `lamp_ui` is told to take touches from.
    touched: Option<PathBuf>,
    framebuffers: Vec<Framebuffer>,
    /// All that can be touched.
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

    /// Whether there is anything to see or to touch.
    fn has_any(&self, system: &System) -> bool {
        let used = [Some(&self.source), Some(&self.target), Some(&self.drawn), self.touched.as_ref()];
        !self.framebuffers.is_empty()
            || !self.touchable.is_empty()
            || used.into_iter().flatten().any(|path| system.exists(path))
    }

    /// Whether what fbcp copies from is the panel itself, and there is nothing to copy to. With KMS and no monitor the panel is
    /// the first framebuffer; and a monitor that is touched is the screen of a lamp that has no panel.
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

    /// A panel that fbcp does not know of.
    fn other_panel(&self) -> Option<&Framebuffer> {
        let mut others = self.framebuffers.iter().filter(|found| Path::new(&found.device) != self.source);
        others.find(|found| found.is_panel())
    }
}

/// A machine with neither a framebuffer nor a touch screen: it has LEDs only, or a panel that the kernel does not know of.
fn no_screen(lamp: &Lamp, wanted: &[&str], report: &mut Report) {
    // Only Supervisor's files tell which devices are used.
    if lamp.findings.is_none() {
        return report.needs_root("which screen is used");
    }
    let names = wanted.join(" and ");
    let verb = if wanted.len() == 1 { "waits" } else { "wait" };
    let sentence =
        format!("there is no screen, neither a framebuffer nor a touch screen, and {names} {verb} for one");
    let boot = Boot::find(lamp.system.root());
    let text = boot.map(|boot| String::from_utf8_lossy(&boot.found.content).into_owned()).unwrap_or_default();
    let or_else = match Panel::of(&lamp.system, &text) {
        Panel::Ours | Panel::Other(..) | Panel::Included(..) => {
            return report.problem(sentence, missing_panel(&lamp.system));
        }
        Panel::None => format!(
            "; if it has the panel, add the line {OVERLAY} to config.txt instead, and restart the machine"
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

/// What fbcp copies to.
fn target(lamp: &Lamp, screens: &Screens, report: &mut Report) {
    match screens.other_panel() {
        Some(panel) if lamp.findings.is_some() && !lamp.system.exists(&screens.target) => report.problem(
            format!(
                "{} is missing, and fbcp waits for it; the panel is {}, {}",
                quoted(&screens.target.to_string_lossy()),
                panel.device,
                visible(&panel.name)
            ),
            Fix::by_command(
                format!("Write --target={} after fbcp in {}", panel.device, paths::conf("fbcp")),
                Command::of_root("lampi update fbcp"),
            ),
        ),
        _ => framebuffer(lamp, "fbcp", &screens.target, report),
    }
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
    let kernel = |of: &str| {
        Fix::by_command(
            format!("Find out what the kernel reports of {of}"),
            Command::of_root("dmesg | grep -i -e spi -e fb -e drm"),
        )
    };
    let started_with_it = boot.counts_already();
    match Panel::of(system, &String::from_utf8_lossy(&boot.found.content)) {
        Panel::None => Fix::from(Action::AddPanel).then([Action::Run(Tool::Reboot)]),
        // Once more would bring nothing else.
        Panel::Ours if started_with_it => kernel(&format!("the panel, whose overlay {path} has")),
        Panel::Other(line, text) if started_with_it => {
            kernel(&format!("the panel of line {line} of {path}, `{}`", visible(&text)))
        }
        Panel::Ours => Action::Run(Tool::Reboot).into(),
        Panel::Other(line, text) => Fix::by_command(
            format!("Restart the machine for the panel of line {line} of {path}, `{}`", visible(&text)),
            Command::of_root("reboot"),
        ),
        Panel::Included(line, text) => Fix::by_hand(format!(
            "Look for the panel's overlay in the file that line {line} of {path} includes (`{}`), and restart the \
             machine if it is new",
            visible(&text)
        )),
        Panel::OnTheBus(line, text) => Fix::by_hand(format!(
            "Remove line {line} of {path}, `{}`, if the lamp has a panel: both would be on one SPI bus; on a lamp \
             without a panel, run: lampi disable fbcp lamp_ui",
            visible(&text)
        )),
        Panel::Device(device) => kernel(&format!("{device}, which is on the SPI bus of the panel")),
    }
}
