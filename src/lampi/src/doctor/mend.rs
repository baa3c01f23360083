// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi doctor --fix`: what was found, and then one fix after the other, as far as lampi can do it and is told to.
//!
//! What stands on something that was missing is found only when that is mended. So it is looked again after each round, until
//! there is nothing new to be done.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use nix::unistd::geteuid;

use super::diagnose;
use super::fix::{Action, Fix, Tool};
use super::report::Report;
use programs::lampi::DoctorArgs;
use runtime::output;
use runtime::quoting::visible;

/// What stands on what ends before that.
const MOST_ROUNDS: usize = 8;

/// Whom it is left to which fixes are done.
enum Consent {
    All,
    Asked,
    None,
}

/// Finds, mends and finds again.
pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    if args.root == Path::new("/") && !geteuid().is_root() {
        bail!("this needs root; say: sudo lampi doctor --fix");
    }
    let (system, mut report) = diagnose(args)?;
    output::line(report.to_text().trim_end())?;
    let consent = if args.yes {
        Consent::All
    } else if io::stdin().is_terminal() && io::stdout().is_terminal() {
        Consent::Asked
    } else {
        Consent::None
    };
    let for_lampi = |report: &Report| report.fixes().iter().any(|fix| fix.is_for_lampi(&system));
    if matches!(consent, Consent::None) && for_lampi(&report) {
        output::line(
            "\nNothing was changed: there is no terminal to ask on; give --yes to have all of it done",
        )?;
        return Ok(report.status());
    }
    let mut tried: Vec<Fix> = Vec::new();
    let mut reboot = false;
    for _ in 0..MOST_ROUNDS {
        let new: Vec<Fix> = report
            .fixes()
            .iter()
            .filter(|fix| fix.is_for_lampi(&system) && !tried.contains(fix))
            .cloned()
            .collect();
        if new.is_empty() {
            break;
        }
        for fix in new {
            tell(&fix)?;
            if matches!(consent, Consent::All) || asked()? {
                for step in fix.steps() {
                    // All the rest comes before it.
                    if *step == Action::Run(Tool::Reboot) {
                        reboot = system.is_this();
                        continue;
                    }
                    match step.perform(&system) {
                        Ok(done) => output::line(&format!("done: {}", visible(&done)))?,
                        Err(error) => {
                            output::line(&format!("failed: {}", visible(&format!("{error:#}"))))?;
                            break;
                        }
                    }
                }
            }
            tried.push(fix);
        }
        report = diagnose(args)?.1;
    }
    if !tried.is_empty() {
        output::line(&format!("\nHow it is now:\n\n{}", report.to_text().trim_end()))?;
    }
    if reboot {
        output::line(&visible(&Tool::Reboot.run(&system)?))?;
    }
    Ok(report.status())
}

fn tell(fix: &Fix) -> anyhow::Result<()> {
    let steps: Vec<String> = fix.steps().iter().map(|step| visible(&step.sentence())).collect();
    Ok(output::line(&format!("\n{}", steps.join("\n")))?)
}

/// Whether the person at the terminal agrees.
fn asked() -> anyhow::Result<bool> {
    output::bytes(b"Do it? [y/N] ")?;
    io::stdout().flush().context("cannot write to standard output")?;
    let mut answer = String::new();
    // Whoever ends the input wants no more.
    io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
