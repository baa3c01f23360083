// SPDX-License-Identifier: GPL-3.0-or-later
//! Checks Supervisor's configuration before supervisord reads it.
//!
//! supervisord refuses to start any program if one file has one wrong value, says nothing about a misspelt key, and
//! has no command to try a file. This crate reads files as Supervisor 4.2.5 (Debian 12) does and names every place
//! that supervisord would refuse or that means something else than it seems to.
//!
//! Text goes one way through the modules: `parser` makes sections out of a file, `configuration` mixes the sections of
//! all files, `model` works out programs, groups and the names that `expand` may replace, and each of the `rules` looks
//! for one kind of mistake. What Supervisor knows is in two tables, `schema` and `values`; what the checker can say is
//! in a third one, [`codes`].

pub mod codes;
mod configuration;
mod directives;
mod expand;
mod finding;
mod host;
mod model;
pub mod pairs;
mod parser;
mod program;
mod rules;
mod schema;
mod section;
mod shlex;
mod template;
mod text;
mod values;

use std::path::PathBuf;

pub use configuration::{Input, Unreadable};
pub use finding::{Finding, Severity};
pub use host::Host;
pub use program::Program;
pub use section::{Section, sections};
pub use values::Autorestart;

use configuration::Configuration;
use model::Model;

/// What was found in a set of files.
#[derive(Debug)]
pub struct Report {
    /// In the order of the files and of their lines.
    pub findings: Vec<Finding>,
    /// The programs of which supervisord would accept every value.
    pub programs: Vec<Program>,
    /// The files that were read, as the caller or an `[include]` named them.
    pub files: Vec<PathBuf>,
    /// The files that could not be read; they are taken to be empty.
    pub unreadable: Vec<Unreadable>,
}

/// Checks files that one supervisord of `host` reads together, in this order.
///
/// If the first file has a `[supervisord]` section it is the main one, and the files that its `[include]` names are
/// checked too.
pub fn check(files: &[PathBuf], host: &Host) -> Result<Report, Unreadable> {
    let inputs: Vec<Input> = files.iter().cloned().map(Input::File).collect();
    let mut report = check_readable(&inputs, host);
    if report.unreadable.is_empty() { Ok(report) } else { Err(report.unreadable.remove(0)) }
}

/// As [`check`], and goes on where a file cannot be read.
#[must_use]
pub fn check_readable(inputs: &[Input], host: &Host) -> Report {
    let configuration = Configuration::read(inputs, host);
    let (findings, programs) = {
        let model = Model::new(&configuration, host);
        (rules::apply(&model), program::programs(&model))
    };
    let Configuration { files, unreadable, .. } = configuration;
    Report { findings, programs, files: files.into_iter().map(|file| file.path).collect(), unreadable }
}
