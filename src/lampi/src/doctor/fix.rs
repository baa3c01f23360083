// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi doctor --fix`: what was found, and then one fix after the other, as far as lampi can do it and is told to.
//!
//! What stands on something that was missing is found only when that is mended. So it is looked again after each round, until
//! there is nothing new to be done.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use doctor::{Commands, Failure, Fix, Report, examine};
use nix::unistd::geteuid;
use programs::Program;
use programs::lampi::{DoctorArgs, PwmAction, PwmArgs, TakeOverArgs};
use runtime::output;
use runtime::quoting::visible;

use super::status;
use crate::{pwm, switch, take_over, user};

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
    let doctor::Examination { system, mut report } = examine(&args.root)?;
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
        return Ok(status(&report));
    }
    let mut tried: Vec<Fix> = Vec::new();
    let mut reboot = None;
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
                    if step.is_reboot() {
                        reboot = system.is_this().then(|| fix.clone());
                        continue;
                    }
                    match step.perform(&system, &OwnCommands) {
                        Ok(done) => output::line(&format!("done: {}", visible(&done)))?,
                        Err(error) => {
                            output::line(&format!("failed: {}", visible(&error.to_string())))?;
                            break;
                        }
                    }
                }
            }
            tried.push(fix);
        }
        report = examine(&args.root)?.report;
    }
    if !tried.is_empty() {
        output::line(&format!("\nHow it is now:\n\n{}", report.to_text().trim_end()))?;
    }
    if let Some(step) = reboot.iter().flat_map(Fix::steps).find(|step| step.is_reboot()) {
        output::line(&visible(&step.perform(&system, &OwnCommands)?))?;
    }
    Ok(status(&report))
}

fn tell(fix: &Fix) -> anyhow::Result<()> {
    let steps: Vec<String> = fix.steps().map(|step| visible(&step.sentence())).collect();
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

/// The commands of this program.
struct OwnCommands;

impl Commands for OwnCommands {
    fn enable(&self, program: Program, root: &Path) -> Result<(), Failure> {
        Ok(switch::enable(program, root)?)
    }

    fn enable_pwm(&self, root: &Path) -> Result<(), Failure> {
        pwm::run(&PwmArgs { action: PwmAction::Enable, root: root.to_owned() })?;
        Ok(())
    }

    fn refresh_user(&self, root: &Path) -> Result<(), Failure> {
        Ok(user::follow(root)?)
    }

    fn take_over(&self, root: &Path) -> Result<(), Failure> {
        let args = TakeOverArgs { dry_run: false, root: root.to_owned(), journal: None, part: None };
        if take_over::run(&args)? != ExitCode::SUCCESS {
            return Err("not all of it could be taken".into());
        }
        Ok(())
    }
}
