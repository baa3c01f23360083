// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi doctor`: everything that has ever gone wrong with a lamp, looked at, with what cures it.
//!
//! Nothing is changed. Each check looks at one part of the lamp through [`Lamp`], and adds what it found to the
//! [`Report`]; every path is below the root of the [`System`], so that a system that does not run, or the tree of a test,
//! can be looked at too.

mod boot;
mod broker;
mod clock;
mod confs;
mod copies;
mod cure;
mod devices;
mod disk;
mod kivy;
mod lamp;
mod logs;
mod package;
mod pigpiod;
mod report;
mod state;
mod supervisor;
mod system;
mod user;

use std::process::ExitCode;

use crate::cli::DoctorOrder;
use crate::output;
use lamp::Lamp;
use report::Report;
use system::System;

/// A check, by the name under which its findings are told.
type Check = (&'static str, fn(&Lamp, &mut Report<'_>));

/// All of them, what the others stand on first.
const CHECKS: [Check; 14] = [
    ("package", package::check),
    ("confs", confs::check),
    ("user", user::check),
    ("boot", boot::check),
    ("pigpiod", pigpiod::check),
    ("supervisor", supervisor::check),
    ("copies", copies::check),
    ("broker", broker::check),
    ("state", state::check),
    ("devices", devices::check),
    ("kivy", kivy::check),
    ("disk", disk::check),
    ("logs", logs::check),
    ("clock", clock::check),
];

/// Looks at the lamp under the order's root, and says what it found.
pub fn run(order: &DoctorOrder) -> anyhow::Result<ExitCode> {
    let lamp = Lamp::new(System::new(&order.root)?);
    let mut report = Report::new(&lamp.system);
    for (name, check) in CHECKS {
        report.begin(name);
        check(&lamp, &mut report);
    }
    let text = if order.json { report.to_json() } else { report.to_text() };
    output::line(text.trim_end())?;
    Ok(report.status())
}
