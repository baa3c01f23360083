// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi take-over`: puts out of action what a set-up made by hand has left, and would fight with the package's programs.
//!
//! The library autostart finds it and changes the files. The package's postinst calls this in an installation, in two parts,
//! because Supervisor may not be spoken to everywhere: first the files, with the journal by which an installation that is
//! given up puts everything back, then the programs that run.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::bail;
use autostart::{Action, Journal, RunAs, Survey};
use nix::unistd::geteuid;

use crate::user;
use programs::lampi::{TakeOverArgs, TakeOverPart};
use runtime::output;
use runtime::quoting::{quoted, visible};
use supervisor_client::{Supervisor, SupervisorError};

/// How the command is typed.
pub(crate) const COMMAND: &str = "lampi take-over";

/// Prints a line. Names of files may hold anything.
fn say(text: &str) -> anyhow::Result<()> {
    Ok(output::line(&visible(text))?)
}

/// Does what is ordered.
pub(crate) fn run(args: &TakeOverArgs) -> anyhow::Result<ExitCode> {
    let root = args.root.as_path();
    let is_this = root == Path::new("/");
    // Below another root, whoever may change the files may do so.
    if !args.dry_run && is_this && !geteuid().is_root() {
        bail!("this needs root; run: sudo {COMMAND}");
    }
    if args.dry_run {
        return dry_run(&autostart::find(root));
    }
    let journal = args.journal.as_deref().map(|path| Journal::at(root, path)).transpose()?;
    if let (Some(TakeOverPart::Programs), Some(journal)) = (args.part, &journal) {
        // What started them is out of action already, so that nothing is looked for again.
        if is_this {
            programs(root, &autostart::groups_of(root, journal)?)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let survey = autostart::find(root);
    let all_is_well = files(root, &survey, journal.as_ref())?;
    if is_this && journal.is_none() {
        let groups: Vec<String> = survey.to_take().flat_map(|found| found.groups.clone()).collect();
        programs(root, &groups)?;
        update(root, &groups)?;
    }
    if journal.is_none() || !survey.unread.is_empty() {
        rest(&survey)?;
    }
    Ok(if all_is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn dry_run(survey: &Survey) -> anyhow::Result<ExitCode> {
    for found in &survey.found {
        say(&match &found.action {
            Action::SetAside | Action::Disable(_) => {
                format!("{}; would take it out of action", found.what_starts())
            }
            Action::Edit { .. } => {
                format!("{}; would take {}", found.what_starts(), found.what_to_take())
            }
            Action::Name(_) => found.advice(),
        })?;
    }
    rest(survey)?;
    Ok(ExitCode::SUCCESS)
}

/// What could not be looked at, or that there is nothing.
fn rest(survey: &Survey) -> anyhow::Result<()> {
    for unread in &survey.unread {
        say(&if geteuid().is_root() {
            format!("{unread} could not be read, so there may be more; run: sudo lampi doctor")
        } else {
            format!("{unread}: only root may look; run: sudo {COMMAND} --dry-run")
        })?;
    }
    if survey.found.is_empty() && survey.unread.is_empty() {
        say("nothing but the package starts the lamp's programs")?;
    }
    Ok(())
}

/// Takes the files out of action; returns whether all could be.
fn files(root: &Path, survey: &Survey, journal: Option<&Journal>) -> anyhow::Result<bool> {
    let mut all_is_well = true;
    for found in &survey.found {
        match autostart::take(root, found, journal) {
            Ok(Some(taken)) => {
                let path = quoted(&found.path);
                let backup = quoted(&taken.backup);
                match &found.action {
                    Action::Edit { .. } => say(&format!(
                        "took {} out of {path}; the rest goes on, and the former file is kept as {backup}",
                        found.lines_of(&found.path)
                    ))?,
                    _ => say(&format!("took {path} out of action; it is kept as {backup}"))?,
                }
                if let Action::Disable(units) = &found.action {
                    disable(root, units)?;
                }
            }
            Ok(None) => say(&found.advice())?,
            Err(error) => {
                all_is_well = false;
                let reason = format!("{} was left as it is: {:#}", found.path, anyhow::Error::from(error));
                eprintln!("{}: {}", crate::NAME, visible(&reason));
            }
        }
    }
    if let Some(RunAs { user, kivy_home }) = survey.run_as() {
        match user::adopt(user, kivy_home.as_deref(), root) {
            Ok(None) => {}
            Ok(Some(sentence)) => say(&sentence)?,
            Err(error) => say(&format!(
                "lamp_service and lamp_ui ran as {}, and could not be kept so: {error:#}; run: sudo lampi user {}",
                quoted(user),
                quoted(user)
            ))?,
        }
    }
    Ok(all_is_well)
}

/// Stops units whose link is gone already.
fn disable(root: &Path, units: &[String]) -> anyhow::Result<()> {
    let unit = units.first().map(String::as_str).unwrap_or_default();
    say(&format!("after the lamp's removal it starts again with: systemctl enable {}", quoted(unit)))?;
    if root == Path::new("/") && Path::new("/run/systemd/system").is_dir() {
        let mut stop = Command::new("deb-systemd-invoke"); // it asks policy-rc.d
        stop.arg("stop").args(units);
        let mut reload = Command::new("systemctl");
        reload.arg("daemon-reload");
        for command in [&mut stop, &mut reload] {
            // A unit that does not stop is ended as a process, if it is in the way.
            let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
    Ok(())
}

/// Has Supervisor let go of programs whose files are out of action, and ends those that somebody else has started.
fn programs(root: &Path, groups: &[String]) -> anyhow::Result<()> {
    let supervisor = Supervisor::at(root);
    if !groups.is_empty() {
        match supervisor.forget(groups) {
            Ok(()) | Err(SupervisorError::NotRunning) => {}
            Err(trouble) => {
                say(&format!("Supervisor still runs what was taken from it: {trouble}"))?;
            }
        }
    }
    for ended in autostart::end(supervisor.pid()) {
        let (program, pid) = (ended.process.program, ended.process.pid);
        say(&format!(
            "ended {program} (process {pid}), which had been started by hand and held {}",
            ended.held
        ))?;
    }
    Ok(())
}

/// Has Supervisor run the package's programs by their own files, where it mixed these with what was taken; postinst does it
/// in an installation.
fn update(root: &Path, groups: &[String]) -> anyhow::Result<()> {
    for program in programs::supervised().filter(|program| groups.iter().any(|group| group == program.name)) {
        match Supervisor::at(root).update(program.name) {
            Ok(_) | Err(SupervisorError::NotRunning) => {}
            Err(trouble) => say(&format!("{program} may still run as it did: {trouble}"))?,
        }
    }
    Ok(())
}
