// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi doctor`: prints the doctor's findings, and applies fixes on demand.

mod fix;

use std::process::ExitCode;

use doctor::{Report, Verdict, examine};
use programs::lampi::DoctorArgs;
use runtime::output;

/// Checks the lamp, and prints the report.
pub(crate) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    if args.fix {
        return fix::run(args);
    }
    let report = examine(&args.root)?.report;
    let text = if args.json { report.to_json() } else { report.to_text() };
    output::line(text.trim_end())?;
    Ok(status(&report))
}

/// 0 without findings, 1 with a problem, 3 with warnings only.
fn status(report: &Report) -> ExitCode {
    ExitCode::from(match report.result() {
        Verdict::Ok | Verdict::Skipped => 0,
        Verdict::Problem => 1,
        Verdict::Warning => 3,
    })
}
