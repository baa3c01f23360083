// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi-deb build`: the stages of a build.
//!
//! The stages write to a temporary directory beside the package's path, which the builder always removes.
//! Only a verified package leaves it, by renaming, so an older package stays until then.

use std::fmt::Arguments;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use chrono::DateTime;
use runtime::output;

use crate::architecture::Architecture;
use crate::assemble::{Parts, assemble};
use crate::buildinfo::{BuildInfo, buildinfo};
use crate::changelog::{ChangelogEntry, source_date_epoch};
use crate::cli::BuildArgs;
use crate::compile::compile;
use crate::deb::Deb;
use crate::depends::{Relations, needs};
use crate::install::{Artifacts, install};
use crate::interrupt::Interrupt;
use crate::notices::{self, notices};
use crate::render::{self, Rendered};
use crate::repack::repack;
use crate::source::Source;
use crate::stage::{Stage, make_directory, write};
use crate::toolchain::Toolchain;
use crate::{check, maintainer, verify};

/// Builds the package.
pub(crate) fn run(args: &BuildArgs) -> anyhow::Result<()> {
    let interrupt = Interrupt::listen()?;
    let source = Source::find()?;
    let settings = args.settings.load()?;
    let Some(architecture) = args.arch.or_else(Architecture::host) else {
        bail!("this machine's architecture is not supported; select the lamp's with --arch");
    };
    if let Some(warning) = maintainer::warning(&source)? {
        print_line(format_args!("warning: {warning}"));
    }
    let entry = ChangelogEntry::newest(&source)?;
    let timestamp = source_date_epoch(&entry)?;
    let target = target(args, &entry.version, architecture)?;
    let temporary = temporary_directory(&target)?;
    let directory = temporary.path();
    let mut progress = Progress::new(&interrupt, 6);

    let (mut stage, scripts) =
        progress.stage("render the Supervisor files, man pages and scripts", || {
            let mut stage = Stage::new(directory.join("root"))?;
            let confs = render::confs(&source, &settings)?;
            stage.add_texts(&source, &settings, &confs, &date(timestamp)?)?;
            let pigpiod = settings.get("pigpiod_command").split(' ').next().expect("it has a first word");
            let findings = check::of_package(stage.directory(), settings.get("user"), pigpiod)?.findings;
            if !findings.is_empty() {
                bail!("{}", check::shown(&findings, stage.directory()).join("\n"));
            }
            let scripts = directory.join("scripts");
            make_directory(&scripts)?;
            for Rendered { name, text } in render::scripts(&source, &settings)? {
                write(&scripts.join(name), text.as_bytes())?;
            }
            Ok((stage, scripts))
        })?;

    stage.expect_programs()?;
    let toolchain = progress.stage(&format!("compile the programs for {architecture}"), || {
        let toolchain = Toolchain::find(architecture)?;
        compile(&source, architecture, &toolchain, stage.directory(), &interrupt)?;
        Ok(toolchain)
    })?;

    let relations = progress.stage("find the libraries that they need, and their notices", || {
        let mut all = Vec::new();
        for program in programs::PROGRAMS {
            let path = stage.directory().join(program.packaged_path());
            let file = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            all.extend(needs(&file).with_context(|| format!("the program {}", program.name))?);
        }
        let notices = notices(&source, &toolchain, architecture, &interrupt)?;
        stage.add(notices::PATH, 0o644, notices.as_bytes())?;
        Ok(Relations::of(all))
    })?;

    let package = progress.stage("pack", || {
        let version = &entry.version;
        let parts = Parts {
            stage: &stage,
            scripts: &scripts,
            architecture,
            version,
            relations: &relations,
            timestamp,
        };
        repack(&assemble(&source, &parts, directory)?, architecture, timestamp)
    })?;

    let deb = progress.stage("verify", || {
        let deb = Deb::read(&package).context("the package is damaged")?;
        let report = verify::verify(&deb);
        if !report.passed() {
            bail!("the package fails its verification:\n{report}");
        }
        Ok(deb)
    })?;

    let artifacts = progress.stage("move into place", || {
        let info = BuildInfo { deb: &deb, package: &package, architecture, toolchain: &toolchain, timestamp };
        install(directory, &target, &package, &buildinfo(&info)?)
    })?;
    print_summary(&deb, &artifacts)
}

/// Path of the package.
fn target(args: &BuildArgs, version: &str, architecture: Architecture) -> anyhow::Result<PathBuf> {
    let target = match &args.output {
        Some(path) => path.clone(),
        None => args.out.join(format!("lampi_{version}_{architecture}.deb")),
    };
    if target.is_dir() || target.extension().is_none_or(|extension| extension != "deb") {
        bail!("--output {}: it must be a file name that ends in .deb", target.display());
    }
    std::path::absolute(&target)
        .with_context(|| format!("cannot find the absolute path of {}", target.display()))
}

/// A directory on the file system of the package's path, so that renaming the package works.
fn temporary_directory(target: &Path) -> anyhow::Result<tempfile::TempDir> {
    let directory = target.parent().expect("it is a file in a directory");
    make_directory(directory)?;
    tempfile::Builder::new()
        .prefix(".lampi-deb-")
        .tempdir_in(directory)
        .with_context(|| format!("cannot write to {}", directory.display()))
}

/// The date of the man pages.
pub(crate) fn date(timestamp: u64) -> anyhow::Result<String> {
    let date = i64::try_from(timestamp).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    Ok(date
        .with_context(|| format!("SOURCE_DATE_EPOCH {timestamp} is not a date"))?
        .format("%Y-%m-%d")
        .to_string())
}

/// Prints each stage to standard error, and names the stage in its errors.
struct Progress<'a> {
    interrupt: &'a Interrupt,
    stages: usize,
    done: usize,
}

impl<'a> Progress<'a> {
    fn new(interrupt: &'a Interrupt, stages: usize) -> Self {
        Self { interrupt, stages, done: 0 }
    }

    fn stage<T>(&mut self, what: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.interrupt.check()?;
        self.done += 1;
        print_line(format_args!("[{}/{}] {what}", self.done, self.stages));
        let start = Instant::now();
        let result = work().with_context(|| format!("stage {}, {what}", self.done))?;
        let seconds = start.elapsed().as_secs();
        if seconds > 0 {
            print_line(format_args!("      {seconds} s"));
        }
        Ok(result)
    }
}

/// Writes a line to standard error. A closed standard error does not stop the build.
fn print_line(line: Arguments) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Prints the package and its files to standard output.
fn print_summary(deb: &Deb, artifacts: &Artifacts) -> anyhow::Result<()> {
    output::print(format_args!(
        "{}\n  size    {} bytes\n  sha256  {}\n  depends {}, {}\n\n  mode      size  path\n",
        artifacts.package.display(),
        artifacts.size,
        artifacts.sha256,
        deb.field("Pre-Depends").unwrap_or_default(),
        deb.field("Depends").unwrap_or_default(),
    ))?;
    for entry in &deb.data {
        if let Some(content) = entry.content() {
            output::print(format_args!("  {:04o} {:>9}  /{}\n", entry.mode, content.len(), entry.path))?;
        }
    }
    Ok(())
}
