// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi disable` and `lampi enable`: a program's file is what tells Supervisor of it, so it is renamed.
//!
//! Supervisor reads names that end in .conf. The package knows a file that was renamed as one that its owner deleted,
//! and leaves it so when it is upgraded or installed again.

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

/// Does what a command line asks for, if its caller is allowed to.
pub(crate) fn run(
    verb: &str,
    args: &ProgramArgs,
    switch: impl Fn(Program, &Path) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    must_be_root(verb, args)?;
    Ok(each::program(args, switch))
}

/// Stops a program and keeps it stopped.
pub(crate) fn disable(program: Program, root: &Path) -> anyhow::Result<()> {
    let places = Places::of(program, root);
    places.must_be_the_packages()?;
    match (system_files::exists(&places.conf)?, system_files::exists(&places.disabled)?) {
        // Supervisor may not know yet.
        (true, _) if places.is_masked() => {}
        (true, true) => return Err(places.both()),
        (true, false) => {
            let [conf, disabled] = places.to_change()?;
            conf.rename_new(&disabled)?;
            user::follow(root)?;
        }
        (false, true) => {}
        (false, false) => bail!(
            "{program} cannot be disabled: there is no {}; sudo lampi enable {program} brings it back",
            places.conf.display()
        ),
    }
    match Supervisor::at(root).update(program.name) {
        Ok(_) => {
            Ok(output::line(&format!("{program} is stopped until you say: sudo lampi enable {program}"))?)
        }
        Err(SupervisorError::NotRunning) => Ok(output::line(&format!(
            "{program} is disabled; Supervisor does not run, and will leave it alone when it is started"
        ))?),
        Err(trouble) => Err(anyhow!("{program} is disabled, but may still run: {trouble}")),
    }
}

/// Starts a program that was disabled.
pub(crate) fn enable(program: Program, root: &Path) -> anyhow::Result<()> {
    let places = Places::of(program, root);
    places.must_be_the_packages()?;
    let mut was_there = false;
    match (system_files::exists(&places.conf)?, system_files::exists(&places.disabled)?) {
        (true, _) if places.is_masked() => bail!(
            "{program} is disabled by the link {}, which leads to /dev/null; remove it, then say again: sudo lampi enable {program}",
            places.conf.display()
        ),
        (true, true) => return Err(places.both()),
        (true, false) => was_there = true,
        (false, true) => {
            let [conf, disabled] = places.to_change()?;
            disabled.read()?; // no link, and no pipe
            must_be_sound(&places.disabled, root)?;
            disabled.set_access(places.access()?)?;
            disabled.rename_new(&conf)?;
            user::follow(root)?;
        }
        (false, false) => {
            let content = match std::fs::read(&places.packaged) {
                Ok(content) => content,
                Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                    "there is nothing to enable {program} with: neither {} nor {}; install the package lampi again",
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
            output::line(&format!("{} is back as the package brought it", places.conf.display()))?;
        }
    }
    match Supervisor::at(root).update(program.name) {
        Ok(Update::Same | Update::Removed) if was_there => Ok(output::line(&format!(
            "{program} was not disabled; if it is stopped, start it with: \
             sudo lampi start {program}"
        ))?),
        Ok(_) => Ok(output::line(&format!("{program} is enabled, and started"))?),
        Err(SupervisorError::NotRunning) => Ok(output::line(&format!(
            "{program} is enabled; Supervisor does not run, and will start it when it is started itself"
        ))?),
        Err(trouble) => Err(anyhow!("{program} is enabled, but was not started: {trouble}")),
    }
}

/// The names that a program's file can have.
struct Places<'a> {
    root: &'a Path,
    program: Program,
    conf: PathBuf,
    disabled: PathBuf,
    packaged: PathBuf,
}

impl<'a> Places<'a> {
    fn of(program: Program, root: &'a Path) -> Self {
        let place =
            |folder: &str, end: &str| system_files::in_root(root, format!("{folder}/{program}.conf{end}"));
        Self {
            root,
            program,
            conf: place(paths::CONFS, ""),
            disabled: place(paths::CONFS, ".disabled"),
            packaged: place(paths::PACKAGED_CONFS, ""),
        }
    }

    /// The file's name and the one while it is disabled, in a folder that nobody else can change.
    fn to_change(&self) -> anyhow::Result<[Place; 2]> {
        let conf = Place::below(self.root, self.name())?;
        let disabled = conf.beside(format!("{}.conf.disabled", self.program))?;
        Ok([conf, disabled])
    }

    /// What dpkg calls the file.
    fn name(&self) -> String {
        self.program.conf()
    }

    /// Owner and mode that the file shall have.
    fn access(&self) -> anyhow::Result<Access> {
        Ok(dpkg::access(self.root, &self.name())?)
    }

    /// At a place that was diverted lies the owner's file, and the package's where the owner wants it.
    fn must_be_the_packages(&self) -> anyhow::Result<()> {
        match dpkg::diverted(self.root, &self.name()) {
            None => Ok(()),
            Some(to) => bail!(
                "{} is diverted to {}, so it was left alone; rename it yourself, or end that by: sudo dpkg-divert --rename --remove {}",
                self.conf.display(),
                to.display(),
                self.name()
            ),
        }
    }

    /// Whether its owner has disabled it as units of systemd are masked.
    fn is_masked(&self) -> bool {
        self.conf.read_link().is_ok_and(|target| target == Path::new("/dev/null"))
    }

    fn both(&self) -> anyhow::Error {
        anyhow!(
            "there are both {} and {}; remove the one that you do not want",
            self.conf.display(),
            self.disabled.display()
        )
    }
}

/// Whether a program is disabled, as far as the files tell.
pub(crate) fn is_disabled(program: Program, root: &Path) -> bool {
    let places = Places::of(program, root);
    places.is_masked() || !places.conf.exists() && places.disabled.exists()
}

/// Of a lamp's files below another root, whoever may change them may do so.
fn must_be_root(verb: &str, args: &ProgramArgs) -> anyhow::Result<()> {
    if args.root == Path::new("/") && !geteuid().is_root() {
        let names: Vec<&str> = args.programs.iter().map(|program| program.name).collect();
        bail!("this needs root; say: sudo lampi {verb} {}", names.join(" "));
    }
    Ok(())
}

/// One file with a mistake keeps Supervisor from starting anything.
fn must_be_sound(conf: &Path, root: &Path) -> anyhow::Result<()> {
    let report = supervisor_conf::check(&[conf.to_owned()], &Host::new(root))?;
    match report.findings.iter().find(|finding| finding.severity == Severity::Error) {
        Some(finding) => bail!("Supervisor would refuse the file: {finding}"),
        None => Ok(()),
    }
}
