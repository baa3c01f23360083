// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi disable` and `lampi enable`: renames a program's Supervisor file.
//!
//! Supervisor reads only names that end in .conf. dpkg treats a renamed conffile as deleted by its owner, and
//! does not restore it in an upgrade or a reinstallation.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use nix::unistd::geteuid;
use runtime::output;
use supervisor_conf::{Host, Severity};
use system_files::{Access, Place};

use crate::user;
use programs::lampi::ProgramArgs;
use programs::{Program, paths};
use supervisor_client::{Supervisor, SupervisorError, Update};
use system_files::dpkg;

use crate::each;

/// Calls `switch` for each program, if the caller may.
pub(crate) fn run(
    verb: &str,
    args: &ProgramArgs,
    switch: impl Fn(Program, &Path) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    must_be_root(verb, args)?;
    Ok(each::program(args, switch))
}

/// Stops a program, and keeps it stopped.
pub(crate) fn disable(program: Program, root: &Path) -> anyhow::Result<()> {
    let places = Places::of(program, root);
    places.must_be_the_packages()?;
    match (system_files::exists(&places.conf)?, system_files::exists(&places.disabled)?) {
        // Supervisor may not have reloaded the file yet.
        (true, _) if places.is_masked() => {}
        (true, true) => return Err(places.both()),
        (true, false) => {
            let [conf, disabled] = places.to_change()?;
            conf.rename_new(&disabled)?;
            user::follow(root)?;
        }
        (false, true) => {}
        (false, false) => bail!(
            "cannot disable {program}: {} does not exist; to restore it, run: sudo lampi enable {program}",
            places.conf.display()
        ),
    }
    match Supervisor::at(root).update(program.name) {
        Ok(_) => Ok(output::line(&format!(
            "disabled and stopped {program}; to start it again, run: sudo lampi enable {program}"
        ))?),
        Err(SupervisorError::NotRunning) => Ok(output::line(&format!(
            "disabled {program}; Supervisor is not running, so there was no process to stop"
        ))?),
        Err(error) => Err(anyhow!("{program} is disabled but may still be running: {error}")),
    }
}

/// Starts a program that was disabled.
pub(crate) fn enable(program: Program, root: &Path) -> anyhow::Result<()> {
    let places = Places::of(program, root);
    places.must_be_the_packages()?;
    let mut was_there = false;
    match (system_files::exists(&places.conf)?, system_files::exists(&places.disabled)?) {
        (true, _) if places.is_masked() => bail!(
            "cannot enable {program}: {} is a symbolic link to /dev/null; remove it, then run: \
             sudo lampi enable {program}",
            places.conf.display()
        ),
        (true, true) => return Err(places.both()),
        (true, false) => was_there = true,
        (false, true) => {
            let [conf, disabled] = places.to_change()?;
            disabled.read()?; // fails for a symbolic link or a pipe
            must_be_valid(&places.disabled, root)?;
            disabled.set_access(places.access()?)?;
            disabled.rename_new(&conf)?;
            user::follow(root)?;
        }
        (false, false) => {
            let content = match std::fs::read(&places.packaged) {
                Ok(content) => content,
                Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                    "cannot enable {program}: neither {} nor {} exists; reinstall the package lampi",
                    places.disabled.display(),
                    places.packaged.display()
                ),
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot read {}", places.packaged.display()));
                }
            };
            let [conf, _] = places.to_change()?;
            conf.write_new(&content, places.access()?)?;
            user::follow(root)?;
            output::line(&format!("restored {} from the package", places.conf.display()))?;
        }
    }
    match Supervisor::at(root).update(program.name) {
        Ok(Update::Same | Update::Removed) if was_there => Ok(output::line(&format!(
            "{program} was not disabled; if it is stopped, run: sudo lampi start {program}"
        ))?),
        Ok(_) => Ok(output::line(&format!("enabled and started {program}"))?),
        Err(SupervisorError::NotRunning) => Ok(output::line(&format!(
            "enabled {program}; Supervisor is not running, so {program} starts when Supervisor is started"
        ))?),
        Err(error) => Err(anyhow!("{program} is enabled but was not started: {error}")),
    }
}

/// The paths that a program's file can have.
struct Places<'a> {
    root: &'a Path,
    program: Program,
    conf: PathBuf,
    disabled: PathBuf,
    packaged: PathBuf,
}

impl<'a> Places<'a> {
    fn of(program: Program, root: &'a Path) -> Self {
        let place = |dir: &str, end: &str| system_files::in_root(root, format!("{dir}/{program}.conf{end}"));
        Self {
            root,
            program,
            conf: place(paths::CONFS, ""),
            disabled: place(paths::CONFS, ".disabled"),
            packaged: place(paths::PACKAGED_CONFS, ""),
        }
    }

    /// The enabled and the disabled file, in a directory that only root can change.
    fn to_change(&self) -> anyhow::Result<[Place; 2]> {
        let conf = Place::below(self.root, self.name())?;
        let disabled = conf.beside(format!("{}.conf.disabled", self.program))?;
        Ok([conf, disabled])
    }

    /// dpkg's path of the file.
    fn name(&self) -> String {
        self.program.conf()
    }

    /// Owner and mode of the file.
    fn access(&self) -> anyhow::Result<Access> {
        Ok(dpkg::access(self.root, &self.name())?)
    }

    /// Fails if the path is diverted: then the file there is not the package's.
    fn must_be_the_packages(&self) -> anyhow::Result<()> {
        match dpkg::diverted(self.root, &self.name()) {
            None => Ok(()),
            Some(to) => bail!(
                "{} is diverted to {}, so lampi does not change it; rename it manually, or run: \
                 sudo dpkg-divert --rename --remove {}",
                self.conf.display(),
                to.display(),
                self.name()
            ),
        }
    }

    /// Whether the file is disabled like a masked unit of systemd.
    fn is_masked(&self) -> bool {
        self.conf.read_link().is_ok_and(|target| target == Path::new("/dev/null"))
    }

    fn both(&self) -> anyhow::Error {
        anyhow!(
            "both {} and {} exist; remove the one that you do not want",
            self.conf.display(),
            self.disabled.display()
        )
    }
}

/// Whether a program's files show that it is disabled.
pub(crate) fn is_disabled(program: Program, root: &Path) -> bool {
    let places = Places::of(program, root);
    places.is_masked() || !places.conf.exists() && places.disabled.exists()
}

/// Below another root, the permissions of the files decide.
fn must_be_root(verb: &str, args: &ProgramArgs) -> anyhow::Result<()> {
    if args.root == Path::new("/") && !geteuid().is_root() {
        let names: Vec<&str> = args.programs.iter().map(|program| program.name).collect();
        bail!("this needs root; run: sudo lampi {verb} {}", names.join(" "));
    }
    Ok(())
}

/// A file with an error keeps Supervisor from starting any program.
fn must_be_valid(conf: &Path, root: &Path) -> anyhow::Result<()> {
    let report = supervisor_conf::check(&[conf.to_owned()], &Host::new(root))?;
    match report.findings.iter().find(|finding| finding.severity == Severity::Error) {
        Some(finding) => bail!("Supervisor would reject the file: {finding}"),
        None => Ok(()),
    }
}
