// SPDX-License-Identifier: GPL-3.0-or-later
//! The clock. A Raspberry Pi's does not run without power, and a wrong time breaks certificates and logs.

use std::time::SystemTime;

use super::fix::{Action, Tool};
use super::lamp::Lamp;
use super::report::Report;

/// A file of the package. Its time is that of the changelog, and dpkg preserves it.
const PACKED: &str = "/usr/bin/lamp_service";

/// Checks the clock.
pub(super) fn check(lamp: &Lamp, report: &mut Report) {
    let now = SystemTime::now();
    let Ok(made) = lamp.system.metadata(PACKED).and_then(|metadata| metadata.modified()) else { return };
    if now < made {
        report.problem(
            format!(
                "the clock is wrong: it is before {}, when this version of lampi was built",
                humantime::format_rfc3339_seconds(made)
            ),
            Action::Run(Tool::FollowClocks),
        );
    }
    report.ok_otherwise("the clock is plausible");
}
