// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi-deb verify`: reads a built package on its own and holds it against what a lamp's package promises.

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

/// One promise: what it is called in the table, and the check that returns what is wrong.
type Promise = (&'static str, fn(&Deb) -> Problems);

const PROMISES: [Promise; 15] = [
    ("control fields are there", files::control_fields),
    ("everything belongs to root", files::owners),
    ("modes are as they should be", files::modes),
    ("one time stamp for everything", files::times),
    ("the four confs are the conffiles", files::conffiles),
    ("checksums fit", files::checksums),
    ("maintainer scripts handle every call", scripts::scripts),
    ("Supervisor can read the confs", confs::readable),
    ("confs start the lamp as promised", confs::promised),
    ("programs are for the architecture", programs::architecture),
    ("other names of programs are links to them", programs::aliases),
    ("Depends and Pre-Depends satisfy every library", programs::libraries),
    ("changelog, copyright and notices are there", documents::documents),
    ("each program has a man page", documents::man_pages),
    ("shells can complete the programs' arguments", documents::completions),
];

/// Prints the table; false if a promise is broken.
pub(crate) fn run(file: &Path) -> anyhow::Result<bool> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let deb = Deb::read(&bytes).with_context(|| file.display().to_string())?;
    let report = verify(&deb);
    output::print(format_args!("{report}"))?;
    Ok(report.passed())
}

/// Checks everything.
pub(crate) fn verify(deb: &Deb) -> Report {
    let mut report = Report::default();
    for (promise, check) in PROMISES {
        report.add(promise, check(deb));
    }
    report
}
