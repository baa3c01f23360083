// SPDX-License-Identifier: GPL-3.0-or-later
//! The clock. A Raspberry Pi has none that runs on without power, and a wrong one breaks certificates and logs.

use std::time::SystemTime;

use super::fix::{Action, Tool};
use super::lamp::Lamp;
use super::report::Report;

/// A file of the package: all are packed with the time of its changelog, and dpkg keeps that.
const PACKED: &str = "/usr/bin/lamp_service";

/// Looks at the clock.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let now = SystemTime::now();
    let Ok(made) = lamp.system.metadata(PACKED).and_then(|metadata| metadata.modified()) else { return };
    if now < made {
        report.problem(
            format!(
                "the clock is behind: this version of lampi was made at {}",
                humantime::format_rfc3339_seconds(made)
            ),
            Action::Run(Tool::FollowClocks),
        );
    }
    report.ok_otherwise("the clock is plausible");
}
