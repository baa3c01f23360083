// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi doctor`: everything that has ever gone wrong with a lamp, looked at, with what mends it.
//!
//! Each check looks at one part of the lamp through [`Lamp`], and adds what it found to the [`Report`], with a [`fix`];
//! every path is below the root of the [`System`], so that a system that does not run, or the tree of a test, can be looked
//! at too. Nothing is changed but by [`mend`].

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
mod mend;
mod package;
mod packages;
mod pigpiod;
mod report;
mod state;
mod supervisor;
mod system;
mod user;

use std::process::ExitCode;
use std::rc::Rc;

use lamp::Lamp;
use programs::lampi::DoctorArgs;
use report::{Need, Report};
use runtime::output;
use system::System;

/// A check.
struct Check {
    /// The name under which its findings are told.
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

/// Looks at the lamp under the order's root, and says what it found.
pub(crate) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    if args.fix {
        return mend::run(args);
    }
    let (_, report) = diagnose(args)?;
    let text = if args.json { report.to_json() } else { report.to_text() };
    output::line(text.trim_end())?;
    Ok(report.status())
}

/// Looks at the lamp under the order's root.
fn diagnose(args: &DoctorArgs) -> anyhow::Result<(Rc<System>, Report)> {
    let system = Rc::new(System::new(&args.root)?);
    let lamp = Lamp::new(Rc::clone(&system));
    let mut report = Report::new(Rc::clone(&system));
    for check in CHECKS {
        if report.begin(check.name, check.stands_on) {
            (check.run)(&lamp, &mut report);
        }
    }
    Ok((system, report))
}
