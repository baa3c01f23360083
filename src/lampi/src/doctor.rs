// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi doctor`: prints what the doctor found, and performs the fixes on demand.

mod fix;

use std::process::ExitCode;

use doctor::{Report, Verdict, examine};
use programs::lampi::DoctorArgs;
use runtime::output;

/// Examines the lamp, and prints the report.
pub(crate) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    if args.fix {
        return fix::run(args);
    }
    let report = examine(&args.root)?.report;
    let text = if args.json { report.to_json() } else { report.to_text() };
    output::line(text.trim_end())?;
    Ok(status(&report))
}

/// 0 if nothing is wrong, 1 if there is a problem, 3 if there are warnings only.
fn status(report: &Report) -> ExitCode {
    ExitCode::from(match report.result() {
        Verdict::Ok | Verdict::Skipped => 0,
        Verdict::Problem => 1,
        Verdict::Warning => 3,
    })
}
