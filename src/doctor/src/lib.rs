// SPDX-License-Identifier: GPL-3.0-or-later
//! The doctor: checks for everything that has ever gone wrong with a lamp, what each found, and the fixes for it.
//!
//! Each check looks at one part of the lamp and adds what it found to the [`Report`], with a [`Fix`]; every path is below the
//! root of the [`System`], so that a system that does not run, or the tree of a test, can be examined too. [`examine`] changes
//! nothing; [`Step::perform`] does.
//!
//! The doctor prints nothing and asks nobody: that is the part of the program that calls it, which also does the steps for
//! which it has commands of its own ([`Commands`]).

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
    /// What it needs to find causes, and not only consequences of what is missing.
    stands_on: &'static [Need],
    run: fn(&Lamp, &mut Report),
}

/// All of them, what the others stand on first.
const CHECKS: &[Check] = &[
    Check { name: "package", stands_on: &[], run: package::check },
    Check { name: "supervisor", stands_on: &[Need::Package], run: supervisor::installed },
    Check { name: "user", stands_on: &[Need::Package], run: user::check },
    Check { name: "confs", stands_on: &[Need::Package, Need::Supervisor], run: confs::check },
    Check { name: "boot", stands_on: &[Need::Package], run: autostart::check },
    Check { name: "pigpiod", stands_on: &[Need::Package, Need::Supervisor], run: pigpiod::driver },
    Check {
        name: "supervisor",
        stands_on: &[Need::Package, Need::Supervisor, Need::User, Need::SoundConfs],
        run: supervisor::running,
    },
    Check {
        name: "supervisor",
        stands_on: &[Need::Package, Need::Supervisor, Need::User, Need::RunningSupervisor],
        run: supervisor::programs,
    },
    Check {
        name: "pigpiod",
        stands_on: &[Need::Package, Need::Supervisor, Need::User, Need::Pigpiod, Need::RunningSupervisor],
        run: pigpiod::answers,
    },
    Check { name: "copies", stands_on: &[Need::Package], run: duplicate_processes::check },
    Check { name: "broker", stands_on: &[Need::Package], run: broker::check },
    Check { name: "state", stands_on: &[Need::Package, Need::User], run: state::check },
    Check { name: "devices", stands_on: &[Need::Package, Need::User], run: devices::check },
    Check { name: "kivy", stands_on: &[Need::Package, Need::User], run: kivy::check },
    Check { name: "disk", stands_on: &[], run: disk::check },
    Check { name: "logs", stands_on: &[], run: logs::check },
    Check { name: "clock", stands_on: &[Need::Package], run: clock::check },
];

/// A lamp that was examined.
#[derive(Debug)]
pub struct Examination {
    /// Where it is.
    pub system: Rc<System>,
    /// What was found.
    pub report: Report,
}

/// Examines the lamp of the machine whose files are below `root`. Nothing is changed.
pub fn examine(root: &Path) -> Result<Examination, NoRoot> {
    let system = Rc::new(System::new(root)?);
    let lamp = Lamp::new(Rc::clone(&system));
    let mut report = Report::new(Rc::clone(&system));
    for check in CHECKS {
        if report.begin(check.name, check.stands_on) {
            (check.run)(&lamp, &mut report);
        }
    }
    Ok(Examination { system, report })
}
