// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi-deb verify`: checks a built package without the sources.

mod confs;
mod documents;
mod files;
mod programs;
mod report;
mod scripts;

use std::path::Path;

use anyhow::Context;
use runtime::output;

use crate::deb::Deb;
use report::{Problems, Report};

/// A requirement: its name in the report, and its check.
type Requirement = (&'static str, fn(&Deb) -> Problems);

/// The requirements for every package.
const REQUIREMENTS: [Requirement; 15] = [
    ("control fields are there", files::control_fields),
    ("everything belongs to root", files::owners),
    ("modes are right", files::modes),
    ("all time stamps are equal", files::times),
    ("the four confs are the conffiles", files::conffiles),
    ("checksums match", files::checksums),
    ("maintainer scripts handle every call", scripts::scripts),
    ("Supervisor can read the confs", confs::readable),
    ("confs start the lamp", confs::started),
    ("programs are for the architecture", programs::architecture),
    ("other names of programs are links to them", programs::aliases),
    ("Depends and Pre-Depends satisfy every library", programs::libraries),
    ("changelog, copyright and notices are there", documents::documents),
    ("each program has a man page", documents::man_pages),
    ("shells can complete the programs' arguments", documents::completions),
];

/// The requirements for a package that is published.
const RELEASE: [Requirement; 1] = [("the addresses of the maintainer are real", documents::addresses)];

/// Prints the report. The result is whether the package meets all requirements, with `is_release` also those
/// for a release.
pub(crate) fn run(file: &Path, is_release: bool) -> anyhow::Result<bool> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let deb = Deb::read(&bytes).with_context(|| file.display().to_string())?;
    let mut report = verify(&deb);
    if is_release {
        report.check(&RELEASE, &deb);
    }
    output::print(format_args!("{report}"))?;
    Ok(report.passed())
}

/// Checks the requirements for every package.
pub(crate) fn verify(deb: &Deb) -> Report {
    let mut report = Report::default();
    report.check(&REQUIREMENTS, deb);
    report
}
