// SPDX-License-Identifier: GPL-3.0-or-later
//! The doctor: checks for known faults of a lamp, their findings, and the fixes.
//!
//! Each check examines one part of the lamp and adds its findings to the [`Report`], each with a [`Fix`].
//! Every path is below the root of the [`System`], so the doctor can also examine a system that does not run,
//! or the tree of a test. [`examine`] changes nothing; [`Step::perform`] does.
//!
//! The doctor prints nothing and never prompts. The program that calls it does that, and provides the steps
//! that are commands of its own ([`Commands`]).

mod autostart;
mod broker;
mod clock;
mod confs;
mod devices;
mod disk;
mod duplicate_processes;
mod fix;
mod kivy;
mod lamp;
mod logs;
mod package;
mod packages;
mod pigpiod;
mod report;
mod state;
mod supervisor;
mod system;
mod user;

use std::path::Path;
use std::rc::Rc;

use self::lamp::Lamp;
use report::Need;

pub use fix::{Commands, Failure, Fix, FixError, Step};
pub use report::{Report, Verdict};
pub use system::{NoRoot, System};

/// A check.
struct Check {
    /// The name under which its findings are reported.
    name: &'static str,
    /// What must be present; without it the check would only find consequences of its absence.
    depends_on: &'static [Need],
    run: fn(&Lamp, &mut Report),
}

/// All checks. Those that others depend on come first.
const CHECKS: &[Check] = &[
    Check { name: "package", depends_on: &[], run: package::check },
    Check { name: "supervisor", depends_on: &[Need::Package], run: supervisor::installed },
    Check { name: "user", depends_on: &[Need::Package], run: user::check },
    Check { name: "confs", depends_on: &[Need::Package, Need::Supervisor], run: confs::check },
    Check { name: "boot", depends_on: &[Need::Package], run: autostart::check },
    Check { name: "pigpiod", depends_on: &[Need::Package, Need::Supervisor], run: pigpiod::driver },
    Check {
        name: "supervisor",
        depends_on: &[Need::Package, Need::Supervisor, Need::User, Need::SoundConfs],
        run: supervisor::running,
    },
    Check {
        name: "supervisor",
        depends_on: &[Need::Package, Need::Supervisor, Need::User, Need::RunningSupervisor],
        run: supervisor::programs,
    },
    Check {
        name: "pigpiod",
        depends_on: &[Need::Package, Need::Supervisor, Need::User, Need::Pigpiod, Need::RunningSupervisor],
        run: pigpiod::responds,
    },
    Check { name: "copies", depends_on: &[Need::Package], run: duplicate_processes::check },
    Check { name: "broker", depends_on: &[Need::Package], run: broker::check },
    Check { name: "state", depends_on: &[Need::Package, Need::User], run: state::check },
    Check { name: "devices", depends_on: &[Need::Package, Need::User], run: devices::check },
    Check { name: "kivy", depends_on: &[Need::Package, Need::User], run: kivy::check },
    Check { name: "disk", depends_on: &[], run: disk::check },
    Check { name: "logs", depends_on: &[], run: logs::check },
    Check { name: "clock", depends_on: &[Need::Package], run: clock::check },
];

/// The result of an examination.
#[derive(Debug)]
pub struct Examination {
    /// The system of the lamp.
    pub system: Rc<System>,
    /// The findings.
    pub report: Report,
}

/// Examines the lamp of the machine whose files are below `root`. Nothing is changed.
pub fn examine(root: &Path) -> Result<Examination, NoRoot> {
    let system = Rc::new(System::new(root)?);
    let lamp = Lamp::new(Rc::clone(&system));
    let mut report = Report::new(Rc::clone(&system));
    for check in CHECKS {
        if report.begin(check.name, check.depends_on) {
            (check.run)(&lamp, &mut report);
        }
    }
    Ok(Examination { system, report })
}
