// SPDX-License-Identifier: GPL-3.0-or-later
//! Checks Supervisor's configuration before supervisord reads it.
//!
//! supervisord refuses to start any program if one file has one wrong value, says nothing about a misspelt key, and
//! has no command to try a file. This crate reads files as Supervisor 4.2.5 (Debian 12) does and names every place
//! that supervisord would refuse or that means something else than it seems to.
//!
//! Text goes one way through the modules: `parser` makes sections out of a file, `configuration` mixes the sections of
//! all files, `model` works out programs, groups and the names that `expand` may replace, and each of the `rules` looks
//! for one kind of mistake. What Supervisor knows is in two tables, `schema` and `values`.

mod configuration;
mod expand;
mod finding;
mod host;
mod model;
mod parser;
mod program;
mod rules;
mod schema;
mod section;
mod shlex;
mod text;
mod values;

use std::path::PathBuf;

pub use configuration::Unreadable;
pub use finding::{Finding, Severity};
pub use host::Host;
pub use program::Program;
pub use section::{Section, sections};
pub use values::Autorestart;

use configuration::Configuration;
use model::Model;

/// What was found in a set of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// In the order of the files and of their lines.
    pub findings: Vec<Finding>,
    /// The programs of which supervisord would accept every value.
    pub programs: Vec<Program>,
}

/// Checks files that one supervisord of `host` reads together, in this order.
///
/// If the first file has a `[supervisord]` section it is the main one, and the files that its `[include]` names are
/// checked too.
pub fn check(files: &[PathBuf], host: &Host) -> Result<Report, Unreadable> {
    let configuration = Configuration::read(files, host)?;
    let model = Model::new(&configuration, host);
    Ok(Report { findings: rules::apply(&model), programs: program::programs(&model) })
}
