// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi take-over`: disables what else starts the lamp's programs, after a manual set-up.
//!
//! The library autostart finds and changes the files. During an installation, postinst calls this command in
//! two parts, because it must not use Supervisor at every point: first for the files, with a journal from
//! which a failed installation restores them, then for the running programs.

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

/// The command, for messages.
pub(crate) const COMMAND: &str = "lampi take-over";

/// Prints a line. A file name may contain control characters.
fn print(text: &str) -> anyhow::Result<()> {
    Ok(output::line(&visible(text))?)
}

/// Runs `lampi take-over`.
pub(crate) fn run(args: &TakeOverArgs) -> anyhow::Result<ExitCode> {
    let root = args.root.as_path();
    let is_this = root == Path::new("/");
    // Below another root, the permissions of the files decide.
    if !args.dry_run && is_this && !geteuid().is_root() {
        bail!("this needs root; run: sudo {COMMAND}");
    }
    if args.dry_run {
        return dry_run(&autostart::find(root));
    }
    let journal = args.journal.as_deref().map(|path| Journal::at(root, path)).transpose()?;
    if let (Some(TakeOverPart::Programs), Some(journal)) = (args.part, &journal) {
        // The first part has disabled the files already.
        if is_this {
            programs(root, &autostart::groups_of(root, journal)?)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let survey = autostart::find(root);
    let is_complete = files(root, &survey, journal.as_ref())?;
    if is_this && journal.is_none() {
        let groups: Vec<String> = survey.to_take().flat_map(|found| found.groups.clone()).collect();
        programs(root, &groups)?;
        update(root, &groups)?;
    }
    if journal.is_none() || !survey.unread.is_empty() {
        rest(&survey)?;
    }
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn dry_run(survey: &Survey) -> anyhow::Result<ExitCode> {
    for found in &survey.found {
        print(&match &found.action {
            Action::SetAside | Action::Disable(_) => {
                format!("{}; would disable it", found.what_starts())
            }
            Action::Edit { .. } => {
                format!("{}; would disable {}", found.what_starts(), found.lines_of(&found.path))
            }
            Action::Name(_) => found.advice(),
        })?;
    }
    rest(survey)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what could not be read, or that nothing was found.
fn rest(survey: &Survey) -> anyhow::Result<()> {
    for unread in &survey.unread {
        print(&if geteuid().is_root() {
            format!("cannot read {unread}, so there may be more; run: sudo lampi doctor")
        } else {
            format!("only root can read {unread}; run: sudo {COMMAND} --dry-run")
        })?;
    }
    if survey.found.is_empty() && survey.unread.is_empty() {
        print("only the package starts the lamp's programs")?;
    }
    Ok(())
}

/// Disables the files. Returns whether none failed.
fn files(root: &Path, survey: &Survey, journal: Option<&Journal>) -> anyhow::Result<bool> {
    let mut is_complete = true;
    for found in &survey.found {
        match autostart::take(root, found, journal) {
            Ok(Some(taken)) => {
                let path = quoted(&found.path);
                let backup = quoted(&taken.backup);
                match &found.action {
                    Action::Edit { .. } => print(&format!(
                        "disabled {} in {path}; the previous file is kept as {backup}",
                        found.lines_of(&found.path)
                    ))?,
                    _ => print(&format!("disabled {path}; it is kept as {backup}"))?,
                }
                if let Action::Disable(units) = &found.action {
                    disable(root, units)?;
                }
            }
            Ok(None) => print(&found.advice())?,
            Err(error) => {
                is_complete = false;
                let reason = format!("cannot disable {}: {:#}", found.path, anyhow::Error::from(error));
                eprintln!("{}: {}", crate::NAME, visible(&reason));
            }
        }
    }
    if let Some(RunAs { user, kivy_home }) = survey.run_as() {
        match user::adopt(user, kivy_home.as_deref(), root) {
            Ok(None) => {}
            Ok(Some(sentence)) => print(&sentence)?,
            Err(error) => print(&format!(
                "cannot run lamp_service and lamp_ui as {0}, as before: {error:#}; run: sudo lampi user {0}",
                quoted(user)
            ))?,
        }
    }
    Ok(is_complete)
}

/// Stops units after their symbolic link was removed.
fn disable(root: &Path, units: &[String]) -> anyhow::Result<()> {
    let unit = units.first().map(String::as_str).unwrap_or_default();
    print(&format!("to enable it again after removing lampi, run: sudo systemctl enable {}", quoted(unit)))?;
    if root == Path::new("/") && Path::new("/run/systemd/system").is_dir() {
        let mut stop = Command::new("deb-systemd-invoke"); // respects policy-rc.d
        stop.arg("stop").args(units);
        let mut reload = Command::new("systemctl");
        reload.arg("daemon-reload");
        for command in [&mut stop, &mut reload] {
            // If a unit does not stop, autostart::end stops its process.
            let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
    Ok(())
}

/// Has Supervisor unload the programs of disabled files, and stops processes that were started in another
/// way.
fn programs(root: &Path, groups: &[String]) -> anyhow::Result<()> {
    let supervisor = Supervisor::at(root);
    if !groups.is_empty() {
        match supervisor.forget(groups) {
            Ok(()) | Err(SupervisorError::NotRunning) => {}
            Err(error) => {
                print(&format!("Supervisor may still run the disabled programs: {error}"))?;
            }
        }
    }
    for ended in autostart::end(supervisor.pid()) {
        let (program, pid) = (ended.process.program, ended.process.pid);
        print(&format!(
            "stopped {program} (process {pid}), which was started outside the package and used {}",
            ended.held
        ))?;
    }
    Ok(())
}

/// Has Supervisor reload the package's programs that a disabled file has changed. During an installation,
/// postinst does it.
fn update(root: &Path, groups: &[String]) -> anyhow::Result<()> {
    for program in programs::supervised().filter(|program| groups.iter().any(|group| group == program.name)) {
        match Supervisor::at(root).update(program.name) {
            Ok(_) | Err(SupervisorError::NotRunning) => {}
            Err(error) => {
                print(&format!("{program} may still run with its previous configuration: {error}"))?;
            }
        }
    }
    Ok(())
}
