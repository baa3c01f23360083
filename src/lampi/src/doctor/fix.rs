// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi doctor --fix`: prints the findings, then applies each fix that lampi can perform and the caller
//! confirms.
//!
//! A fix can reveal new findings, so the lamp is checked again after each round, until no new fix is left.

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

/// Maximum number of rounds; dependent findings need fewer.
const MOST_ROUNDS: usize = 8;

/// Which fixes are applied.
enum Consent {
    /// All, with `--yes`.
    All,
    /// Those that the caller confirms.
    Asked,
    /// None: there is no terminal.
    None,
}

/// Checks the lamp, applies fixes, and checks it again.
pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    if args.root == Path::new("/") && !geteuid().is_root() {
        bail!("this needs root; run: sudo lampi doctor --fix");
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
            "\nNothing was changed: there is no terminal for questions; to apply all fixes, add --yes",
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
            print(&fix)?;
            if matches!(consent, Consent::All) || is_confirmed()? {
                for step in fix.steps() {
                    // A reboot comes last.
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
        output::line(&format!("\nFindings after the fixes:\n\n{}", report.to_text().trim_end()))?;
    }
    if let Some(step) = reboot.iter().flat_map(Fix::steps).find(|step| step.is_reboot()) {
        output::line(&visible(&step.perform(&system, &OwnCommands)?))?;
    }
    Ok(status(&report))
}

fn print(fix: &Fix) -> anyhow::Result<()> {
    let steps: Vec<String> = fix.steps().map(|step| visible(&step.sentence())).collect();
    Ok(output::line(&format!("\n{}", steps.join("\n")))?)
}

/// Whether the caller confirms a fix at the terminal.
fn is_confirmed() -> anyhow::Result<bool> {
    output::bytes(b"Apply this fix? [y/N] ")?;
    io::stdout().flush().context("cannot write to standard output")?;
    let mut answer = String::new();
    // The end of the input means no.
    io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// The subcommands of lampi that fixes use.
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
            return Err("some files could not be disabled".into());
        }
        Ok(())
    }
}
